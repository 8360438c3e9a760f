"""kiln-node jobs. Exit codes: 0 done, 1 no, 2 wrong use."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence

from kiln_node.faults import NodeFault
from kiln_node.host.commands import HostCommands
from kiln_node.jobs import cancel, ended, listing, logs
from kiln_node.jobs.folder import Folder
from kiln_node.jobs.output import Stream
from kiln_node.jobs.record import ENDED, document, sentence

WANTED = "ID of the job, the beginning of it, or its last four letters"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kiln-node jobs",
        description="Jobs that were submitted on this node.",
        epilog="example: kiln-node jobs logs --follow 20261128-121530-k3f9",
    )
    commands = parser.add_subparsers(dest="what", required=True)
    every = commands.add_parser("list", help="jobs that run, and with --all those that have ended")
    every.add_argument("--all", action="store_true", help="jobs that have ended, too")
    every.add_argument("--internal", action="store_true", help="kiln's own, such as the canary, too")
    show = commands.add_parser("show", help="all that is known of a job")
    stop = commands.add_parser("cancel", help="end a job; exit code 1 when there is none, or it has ended")
    stop.add_argument("--now", action="store_true", help="without time for the driver to tidy up")
    stop.add_argument("--by", default=os.environ.get("SUDO_USER") or "root", help=argparse.SUPPRESS)
    output = commands.add_parser(
        "logs", help="what a job's driver wrote; exit code: 0, or with --follow the job's own"
    )
    output.add_argument("-f", "--follow", action="store_true", help="until the job ends")
    only = output.add_mutually_exclusive_group()
    only.add_argument("--stdout", action="store_true", help="only standard output")
    only.add_argument("--stderr", action="store_true", help="only standard error")
    for command in (show, stop, output):
        command.add_argument("job", metavar="ID", help=WANTED)
    for command in (every, show, stop):
        command.add_argument("--json", action="store_true", help="print the answer as JSON")
    unit = commands.add_parser("ended", help="for systemd: a driver's unit has ended")
    unit.add_argument("unit")
    return parser


def main(arguments: Sequence[str]) -> int:
    given = _parser().parse_args(arguments)
    known: dict[str, Callable[[argparse.Namespace], int]] = {
        "list": _list,
        "show": _show,
        "cancel": _cancel,
        "logs": _logs,
        "ended": _ended,
    }
    if os.geteuid() != 0:
        print("kiln-node jobs: must be started by root: sudo kiln-node jobs …", file=sys.stderr)
        return 2
    try:
        return known[given.what](given)
    except NodeFault as fault:
        print(fault.text(), file=sys.stderr)
        return 1
    except BrokenPipeError:
        # `… | head`: the reader has what it wanted
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _list(given: argparse.Namespace) -> int:
    found = [
        one
        for one in listing.known(HostCommands())
        if (given.all or one.state not in ENDED) and (given.internal or not one.internal)
    ]
    if given.json:
        print(json.dumps([document(one) for one in found]))
    else:
        sys.stdout.write(listing.table(found, time.time()))
    return 0


def _show(given: argparse.Namespace) -> int:
    print(json.dumps(document(listing.one(HostCommands(), given.job)), indent=None if given.json else 2))
    return 0


def _cancel(given: argparse.Namespace) -> int:
    found = cancel.cancel(HostCommands(), given.job, given.by, now=given.now)
    print(json.dumps(document(found)) if given.json else sentence(found))
    return 0


def _logs(given: argparse.Namespace) -> int:
    record = listing.one(HostCommands(), given.job)
    streams: frozenset[Stream] = frozenset(
        {"out"} if given.stdout else {"err"} if given.stderr else {"out", "err"}
    )
    return logs.show(Folder(record.id), streams, follow=given.follow, write=logs.to_streams)


def _ended(given: argparse.Namespace) -> int:
    ended.record_end(given.unit, os.environ)
    return 0
