"""Whether a session still is one, and what to do when it is not."""

from __future__ import annotations

from typing import Any


def ended(session: Any) -> str | None:  # noqa: ANN401 - pyspark's SparkSession
    """Why nothing can be run with it any more; None while it can."""
    context = session.sparkContext
    if context._jsc is None:
        return "it was stopped"
    process = getattr(context._gateway, "proc", None)
    code = None if process is None else process.poll()
    if code is not None:
        how = f"was killed by signal {-code}" if code < 0 else f"ended with {code}"
        return f"its JVM {how}"
    try:
        stopped = context._jsc.sc().isStopped()
    except Exception as error:
        return f"its JVM does not answer: {error}"
    return (
        "Spark has stopped it: the master removed the application, or was gone for too long"
        if stopped
        else None
    )


def advice(why: str) -> str:
    """What a person is told under the cell's own error."""
    return (
        f"\nThis notebook has no Spark session any more: {why}.\n"
        "Restart the kernel for a new one (menu Kernel, Restart Kernel): variables are lost, files and "
        "tables stay.\nIf it does not come up, `kiln status` says what is wrong with the cluster."
    )
