"""What a PySpark kernel has before its first cell: `spark`, and `sc` for its context."""

from kiln_notebook.start import start

start(get_ipython())  # type: ignore[name-defined]  # noqa: F821 - IPython's
del start
