"""The 22 queries of TPC-H."""

from __future__ import annotations

from pathlib import Path

from pyspark.sql import SparkSession

from plain import rows
from report import attempt


def run(spark: SparkSession) -> None:
    def answer(query: str) -> object:
        return rows(spark.sql(query).collect())

    for query in sorted((Path(__file__).parent / "queries").glob("*.sql")):
        attempt(query.stem, answer, query.read_text())
