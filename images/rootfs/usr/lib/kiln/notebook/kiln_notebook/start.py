"""Before the first cell of a kernel: the session, and what surrounds every cell."""

from __future__ import annotations

import logging
import signal
from typing import Any

from kiln_notebook import cells


def start(shell: Any) -> None:  # noqa: ANN401 - IPython's InteractiveShell
    """Gives the notebook `spark`, and `sc` for its context. Where there is no session, cells say why."""
    # Not of a test's Python: the image has them.
    from pyspark.sql import SparkSession  # noqa: PLC0415

    before = signal.getsignal(signal.SIGINT)
    first = failure = None
    try:
        first = SparkSession.builder.appName("notebook").getOrCreate()
        # What every query needs, so that the first one does not wait for it.
        _ = first.streams.active
        shell.push({"spark": first, "sc": first.sparkContext})
    except Exception as error:
        failure = f"starting it failed: {error}"
    finally:
        # Spark's own handler raises KeyboardInterrupt at any time, which ends a kernel that is idle.
        signal.signal(signal.SIGINT, before)
    for name in (None, "py4j.clientserver"):
        logging.getLogger(name).addFilter(cells.quiet)
    # Whoever stops the session and makes another one has that one's jobs cancelled.
    cells.Cells(shell, lambda: SparkSession._instantiatedSession or first, failure)
