"""The running example's conda channel, made from pinned Debian packages and PyPI wheels.

Where conda-forge cannot be reached this stands in its place: real conda packages, byte for byte the
same wherever they are made, so that the hashes of a committed lock hold on every machine.
"""
