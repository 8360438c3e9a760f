"""moto's server with what the stacks' tests need beyond moto 5.2.5.

Auto-scaling groups know instance refreshes: validated as the API's documentation says, and carried out at
once instead of within minutes. What moto loses or makes up, so that a second plan would not be empty, is
kept: the user data of a template's further versions, its own tags apart from those it gives, descriptions of
rules that name groups or prefix lists, lifecycle hooks without a target. Placement groups are not there:
CreatePlacementGroup fails.

    server.py PORT     serves on loopback until it is ended
"""

# ruff: noqa: ANN401 - moto ships no types for its insides
from __future__ import annotations

import sys
import uuid
from typing import Any

from moto.autoscaling.exceptions import AutoscalingClientError  # type: ignore[import-not-found]
from moto.autoscaling.models import (  # type: ignore[import-not-found]
    AutoScalingBackend,
    LifecycleHook,
)
from moto.autoscaling.responses import AutoScalingResponse  # type: ignore[import-not-found]
from moto.core.responses import ActionResult  # type: ignore[import-not-found]
from moto.ec2.models.launch_templates import LaunchTemplateVersion  # type: ignore[import-not-found]
from moto.ec2.models.security_groups import SecurityGroupRule  # type: ignore[import-not-found]
from moto.ec2.utils import parse_user_data  # type: ignore[import-not-found]
from moto.server import main  # type: ignore[import-not-found]

#: Group's name -> its refreshes, newest first.
refreshes: dict[str, list[dict[str, Any]]] = {}


def start_instance_refresh(self: Any) -> Any:
    """API reference, StartInstanceRefresh and RefreshPreferences."""
    name = self._get_param("AutoScalingGroupName")
    group = self.autoscaling_backend.autoscaling_groups.get(name)
    if group is None:
        raise AutoscalingClientError("ValidationError", f"AutoScalingGroup name not found - {name}")
    if self._get_param("Strategy", "Rolling") != "Rolling":
        raise AutoscalingClientError("ValidationError", "Strategy must be Rolling")
    wanted = self._get_param("Preferences", {})
    least = int(wanted.get("MinHealthyPercentage", 90))
    most = int(wanted.get("MaxHealthyPercentage", 100))
    if not (0 <= least <= 100 <= most <= 200 and most - least <= 100):
        raise AutoscalingClientError("ValidationError", "MinHealthyPercentage and MaxHealthyPercentage")
    skip = str(wanted.get("SkipMatching", "false")).lower() == "true"
    replaced = replace(group, skip)
    refresh = {
        "InstanceRefreshId": str(uuid.uuid4()),
        "AutoScalingGroupName": name,
        "Status": "Successful",
        "PercentageComplete": 100,
        "InstancesToUpdate": 0,
        "StatusReason": f"{replaced} replaced",
    }
    refreshes.setdefault(name, []).insert(0, refresh)
    return ActionResult({"InstanceRefreshId": refresh["InstanceRefreshId"]})


def replace(group: Any, skip_matching: bool) -> int:
    """Ends the group's instances that are not as its template says, and starts others."""

    def matches(instance: Any) -> bool:
        return bool(instance.image_id == group.image_id and instance.user_data == group.user_data)

    old = [state for state in group.instance_states if not (skip_matching and matches(state.instance))]
    backend = group.autoscaling_backend
    if old:
        backend.ec2_backend.terminate_instances([state.instance.id for state in old])
    group.instance_states = [state for state in group.instance_states if state not in old]
    group.set_desired_capacity(group.desired_capacity)
    return len(old)


def describe_instance_refreshes(self: Any) -> Any:
    found = refreshes.get(self._get_param("AutoScalingGroupName"), [])
    return ActionResult({"InstanceRefreshes": found})


def version_with_user_data(self: Any, template: Any, number: int, data: Any, description: Any) -> None:
    if isinstance(data.get("UserData"), str):
        data["UserData"] = parse_user_data(data["UserData"])
    if "TagSpecifications" in data:
        given = [spec for spec in data["TagSpecifications"] if spec["ResourceType"] != "launch-template"]
        data["TagSpecifications"] = given
    plain_version(self, template, number, data, description)


def reset(self: Any) -> None:
    refreshes.clear()
    plain_reset(self)


def rule_with_description(self: Any, *args: Any, **kwargs: Any) -> None:
    plain_rule(self, *args, **kwargs)
    ranges = [argument for argument in [*args, *kwargs.values()] if isinstance(argument, dict)]
    self.described = next((found["Description"] for found in ranges if found.get("Description")), None)


def hook_without_target(self: Any, *args: Any, **kwargs: Any) -> None:
    plain_hook(self, *args, **kwargs)
    self.role_arn = None
    self.notification_target_arn = None


plain_rule = SecurityGroupRule.__init__
plain_hook = LifecycleHook.__init__
plain_version = LaunchTemplateVersion.__init__
plain_reset = AutoScalingBackend.reset
LaunchTemplateVersion.__init__ = version_with_user_data
SecurityGroupRule.__init__ = rule_with_description
SecurityGroupRule.description = property(lambda self: self.described)
LifecycleHook.__init__ = hook_without_target
AutoScalingBackend.reset = reset
AutoScalingResponse.start_instance_refresh = start_instance_refresh
AutoScalingResponse.describe_instance_refreshes = describe_instance_refreshes

if __name__ == "__main__":
    main(["-H", "127.0.0.1", "-p", sys.argv[1]])
