"""What a PySpark notebook has beside its session: Stop cancels a cell's jobs, an ended session says so.

Runs on the conda environment's Python, inside the kernel.
"""
