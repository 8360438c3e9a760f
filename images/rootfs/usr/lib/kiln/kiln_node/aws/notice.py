"""The notice that a machine is about to be taken away: by EC2, two minutes before, or by its group.

Source: "Spot Instance interruption notices" in the Amazon EC2 user guide: instance-action is 404 until then,
and should be asked for every 5 seconds.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from kiln_node.aws import imds, lifecycle
from kiln_node.faults import NodeFault
from kiln_node.host.http import Http

ACTION = "/latest/meta-data/spot/instance-action"
INTERVAL = 5.0


def ask(http: Http, address: str = imds.ADDRESS) -> str | None:
    """What will happen and when, in words; None while nothing is announced; NodeFault without an answer."""
    found = http.send("GET", f"{address}{ACTION}", imds.login(http, address))
    if found.status == 404:
        return None
    if found.status != 200:
        raise NodeFault(
            f"the instance metadata service answers {found.status} about interruptions",
            where=f"{address}{ACTION}",
            hint="see that the instance's metadata options allow version 2",
        )
    try:
        notice = json.loads(found.body)
        return f"EC2 will {notice['action']} this instance at {notice['time']}"
    except (ValueError, KeyError, TypeError):
        # whatever it says, it is there only when the machine goes
        return "EC2 announces an interruption of this instance"


def either(http: Http, group: str) -> str | None:
    """What EC2 or, where the machine has a group, that one will do; None while neither lets it go."""
    return ask(http) or (f"the group {group} lets this machine go" if lifecycle.goes(http) else None)


def wait(http: Http, group: str | None = None, *, sleep: Callable[[float], None] = time.sleep) -> str:
    """Returns with the notice; group: whose hook waits for this machine.

    A service that does not answer is asked again, and said once."""
    silent = False
    while True:
        try:
            found = ask(http) if group is None else either(http, group)
            silent = False
        except NodeFault as fault:
            found = None
            if not silent:
                print(f"{fault.what}; asked again every {INTERVAL:g} s", flush=True)
            silent = True
        if found is not None:
            return found
        sleep(INTERVAL)
