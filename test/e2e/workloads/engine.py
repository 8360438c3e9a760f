"""Answers queries with DuckDB.

Standard input: {"views": {NAME: QUERY}, "orc": {NAME: FOLDER}, "queries": {NAME: QUERY}}; standard output:
{NAME: ROWS}, with values as jobs/plain.py has them.
"""

import json
import sys
from pathlib import Path

import duckdb
import pyarrow as pa
from pyarrow import orc

sys.path.insert(0, str(Path(__file__).parent / "jobs"))
from plain import rows

asked = json.load(sys.stdin)
engine = duckdb.connect()
engine.execute("set timezone = 'UTC'")
# DuckDB's wheel reads no ORC: Arrow does, and hands over what it read.
for name, folder in asked.get("orc", {}).items():
    engine.register(
        name, pa.concat_tables([orc.read_table(str(file)) for file in sorted(Path(folder).rglob("*.orc"))])
    )
for name, query in asked.get("views", {}).items():
    engine.execute(f"create view {name} as {query}")
json.dump(
    {name: rows(engine.execute(query).fetchall()) for name, query in asked["queries"].items()}, sys.stdout
)
