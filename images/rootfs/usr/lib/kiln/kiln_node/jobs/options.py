"""spark-submit's options, so that exactly what stands before the program is spark-submit's.

From org.apache.spark.launcher.SparkSubmitOptionParser of Spark 4.1.4 (fields `opts` and `switches`); earlier
releases know fewer and refuse the others themselves.
"""

from __future__ import annotations

from typing import Final

#: Options that take the next word, or what follows their `=`.
VALUED: Final = frozenset(
    {
        "--archives",
        "--class",
        "--conf",
        "--deploy-mode",
        "--driver-class-path",
        "--driver-cores",
        "--driver-default-class-path",
        "--driver-java-options",
        "--driver-library-path",
        "--driver-memory",
        "--exclude-packages",
        "--executor-cores",
        "--executor-memory",
        "--files",
        "--jars",
        "--keytab",
        "--kill",
        "--master",
        "--name",
        "--num-executors",
        "--packages",
        "--principal",
        "--properties-file",
        "--proxy-user",
        "--py-files",
        "--queue",
        "--remote",
        "--repositories",
        "--status",
        "--total-executor-cores",
    }
)

#: Options without a value.
SWITCHES: Final = frozenset(
    {"--help", "--load-spark-defaults", "--supervise", "--usage-error", "--verbose", "--version"}
)

#: Other spellings.
SHORT: Final = {"-c": "--conf", "-h": "--help", "-v": "--verbose"}

#: What kiln-submit has of its own, in the same place.
OWN: Final = frozenset({"--detach", "--internal", "--json"})

#: Refused, with the reason and what to do: each makes spark-submit end while the work goes on, or answers
#: about drivers that this cluster never has.
REFUSED: Final = {
    "--kill": ("ends a driver of Spark's cluster mode, which is not used here", "kiln-node jobs cancel ID"),
    "--status": (
        "asks for a driver of Spark's cluster mode, which is not used here",
        "kiln-node jobs show ID",
    ),
    "--supervise": (
        "restarts a driver of Spark's cluster mode, which is not used here",
        "leave it out; the exit code says whether the job must be run again",
    ),
}
