"""kiln-submit: a job of this cluster, from its command line to its exit code."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from kiln_node import paths
from kiln_node.faults import NodeFault
from kiln_node.jobs import caller, driver, ids, parse, prepare, redact, settings, zone
from kiln_node.jobs.folder import Folder
from kiln_node.jobs.parse import Question, Submission, WrongUse
from kiln_node.jobs.record import Mode, Record
from kiln_node.nodejson.config import NodeConfig
from kiln_node.scratch import mountpoint
from kiln_node.spark import sparkimage

USAGE = """usage: kiln-submit [OPTIONS] (-m MODULE | PROGRAM) [ARGUMENTS]

Runs a job on this cluster. OPTIONS are spark-submit's; whatever stands after the program is the job's own.
  kiln-submit -m nycflights.etl --bucket flights
  kiln-submit --conf spark.executor.memory=2g job.py 2013

  --detach       print the job's ID and return when the driver has started; without it, the job ends with this
                 command, however that one ends
  --json         with --detach: print the job as JSON
  --             what follows is the program, whatever it looks like
  -h, --help     this text
  --version      the release of Spark

Exit code: the driver's; 128 + n when signal n ended it; 2 for wrong use, 3 when no job could be started.
More: kiln-node jobs --help
"""


def main(given: Sequence[str], load: Callable[[], NodeConfig]) -> int:
    """The exit code that the driver ended with."""
    try:
        wanted = parse.parse(given)
    except WrongUse as fault:
        return _say(fault, 2)
    if isinstance(wanted, Question):
        print(USAGE if wanted.about == "--help" else f"Spark {sparkimage.read().spark}", end="")
        return 0
    if os.geteuid() != 0:
        # node.json and the cluster's secret are root's; the job itself runs as spark
        print("kiln-submit: must be started by root: sudo kiln-submit …", file=sys.stderr)
        return 2
    try:
        config = load()
        paths.ENVIRONMENT.stat()
        paths.SPARK_DEFAULTS.stat()
        mountpoint.require_mount()
        return _run(wanted, config, os.environ)
    except FileNotFoundError as error:
        print(f"kiln-submit: {error.filename} is missing: this node is not configured", file=sys.stderr)
        print("what to do: kiln-status names the cause", file=sys.stderr)
        return 3
    except (NodeFault, OSError) as fault:
        return _say(fault, 2 if isinstance(fault, WrongUse) else 3)


def _run(wanted: Submission, config: NodeConfig, environment: Mapping[str, str]) -> int:
    now = time.time()
    job = ids.make(now)
    given = prepare.judged(wanted, config, environment, job, str(Path.cwd()))
    for note in given.notes:
        print(f"kiln-submit: {note}", file=sys.stderr)
    mode: Mode = "detached" if wanted.detach else "attached"
    by = environment.get("SUDO_USER") or "root"
    shown = tuple(redact.command_line(wanted))
    record = Record(job, settings.name_of(wanted), shown, now, by, mode, wanted.internal)
    folder = Folder(job)
    folder.create(record)
    try:
        argv = prepare.written(wanted, given, job, folder)
    except BaseException:
        # nothing has run: there is no job to keep
        shutil.rmtree(folder.path, ignore_errors=True)
        raise
    call = caller.Call(folder, record, environment)
    work = driver.work(argv, {**environment, zone.VARIABLE: given.zone}, detached=wanted.detach)
    if not wanted.detach:
        return call.attached(work)
    call.detached(work)
    told = {"id": job, "name": record.name, "unit": record.unit}
    print(json.dumps(told) if wanted.as_json else job)
    return 0


def _say(fault: Exception, code: int) -> int:
    print(f"kiln-submit: {fault.what if isinstance(fault, WrongUse) else fault}", file=sys.stderr)
    if isinstance(fault, NodeFault):
        print(f"what to do: {fault.hint}", file=sys.stderr)
    return code
