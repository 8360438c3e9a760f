"""The program that spark-submit starts for `kiln-submit -m MODULE`: what `python -m` does."""

import runpy
import sys

if __name__ == "__main__":
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
