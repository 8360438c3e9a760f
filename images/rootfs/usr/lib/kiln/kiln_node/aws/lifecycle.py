"""The hook of an auto-scaling group, which holds a machine that is to go until it says that it may.

Sources: "Retrieve the target lifecycle state through instance metadata" in the Amazon EC2 Auto Scaling user
guide; CompleteLifecycleAction in its API reference.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlencode

from kiln_node.aws import imds
from kiln_node.aws.sigv4 import Request, sign
from kiln_node.faults import NodeFault
from kiln_node.host.http import Http
from kiln_node.nodejson.config import Hook

STATE = "/latest/meta-data/autoscaling/target-lifecycle-state"
INSTANCE = "/latest/meta-data/instance-id"
#: What the group is about to do with a machine that goes; the other states keep it.
GOES = "Terminated"
#: Seconds between the tries: more would outlast a short hook, which ends by itself.
PAUSES = (5.0, 10.0)

#: Error of the API -> what to do about it.
HINTS = {
    "AccessDenied": "allow role and endpoint autoscaling:CompleteLifecycleAction on the group",
    "ExpiredToken": "see the machine's clock (chronyc tracking)",
    "SignatureDoesNotMatch": "see the machine's clock (chronyc tracking)",
    "Throttling": "ask for a higher limit if it happens whenever machines go",
}


def goes(http: Http, address: str = imds.ADDRESS) -> bool:
    """Whether the group lets this machine go; NodeFault without an answer."""
    found = http.send("GET", f"{address}{STATE}", imds.login(http, address))
    if found.status not in (200, 404):  # 404: of no group
        raise NodeFault(
            f"the instance metadata service answers {found.status} about the group's intentions",
            where=f"{address}{STATE}",
            hint="see that the instance's metadata options allow version 2",
        )
    return found.status == 200 and found.body.decode(errors="replace").strip() == GOES


def complete(
    http: Http, hook: Hook, *, now: datetime, metadata: str = imds.ADDRESS, address: str = ""
) -> str:
    """Lets the group go on; what came of it, in words. now: in UTC; address: of an endpoint other than the
    region's own."""
    instance = http.send("GET", f"{metadata}{INSTANCE}", imds.login(http, metadata))
    if instance.status != 200:
        raise NodeFault(
            f"the instance metadata service answers {instance.status} about the instance's id",
            where=f"{metadata}{INSTANCE}",
            hint="see that the instance's metadata options allow version 2",
        )
    url = address or f"https://autoscaling.{hook.region}.amazonaws.com/"
    body = urlencode(
        {
            "Action": "CompleteLifecycleAction",
            "Version": "2011-01-01",
            "AutoScalingGroupName": hook.group,
            "LifecycleHookName": hook.name,
            "InstanceId": instance.body.decode().strip(),
            "LifecycleActionResult": "CONTINUE",
        }
    ).encode()
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    keys = imds.role_keys(http, metadata)
    signed = sign(
        Request("POST", url, headers, body), keys, service="autoscaling", region=hook.region, now=now
    )
    del signed["host"]  # urllib writes it, and the same
    answer = http.send("POST", url, signed, body)
    if answer.status == 200:
        return f"the group {hook.group} was told that this machine may go"
    text = answer.body.decode(errors="replace")
    if "No active Lifecycle Action" in text:
        return f"the group {hook.group} does not wait for this machine"
    found = re.search(r"<Code>([^<]+)</Code>", text)
    error = found[1] if found else f"an answer that is not the API's, status {answer.status}"
    raise NodeFault(
        f"the group {hook.group} cannot be told that this machine may go: {error}",
        where=url,
        hint=HINTS.get(error, "nothing: the hook ends by itself after its time"),
    )


def let_go(http: Http, hook: Hook, *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Says that the machine may go, where the group waits for that; tried a few times.

    The hook ends by itself: no failure is more than a delay."""
    for pause in (*PAUSES, None):
        try:
            if goes(http):
                print(complete(http, hook, now=datetime.now(UTC)), flush=True)
        except NodeFault as fault:
            print(fault.text(), flush=True)
            if pause is not None:
                sleep(pause)
            continue
        return
