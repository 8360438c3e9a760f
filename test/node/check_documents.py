"""Reads documents, a JSON text a line, and writes for each a JSON array of the paths where the node finds
fault: what test/factory/node-agreement.test.ts compares with the contract's own answers.

usage: check_documents.py SCHEMA < LINES
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from kiln_node.nodejson import config
from kiln_node.nodejson.schema import Schema


def main() -> None:
    schema = Schema(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    for line in sys.stdin:
        print(json.dumps([fault.path for fault in config.check(json.loads(line), schema)]))


main()
