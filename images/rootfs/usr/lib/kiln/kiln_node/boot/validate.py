"""Step 1: is there a configuration, is it right, is this the image, are the secrets here."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import Any

from kiln_node import paths
from kiln_node.aws import imds, ssm
from kiln_node.boot import identity
from kiln_node.host.http import HostHttp
from kiln_node.nodejson import config, secrets
from kiln_node.nodejson.config import SecretRef


def run() -> dict[str, Any]:
    """Facts for the status; NodeFault with the cause otherwise."""
    node = config.load(paths.NODE_JSON, paths.SCHEMA)
    baked = identity.read(paths.IMAGE_JSON)
    identity.check(node, baked, paths.IMAGE_JSON)
    secrets.fetch(node, _parameter)
    secrets.check(node, secrets.credential_folders())
    return {
        "cluster": node.cluster,
        "role": node.role,
        "image": {"digest": node.image_digest, "contentId": baked.content_id, "matches": True},
    }


def _parameter(reference: SecretRef) -> str:
    """The value of an SSM parameter, by the instance's role."""
    http = HostHttp()
    return ssm.get_parameter(
        http,
        imds.role_keys(http),
        name=str(reference.ssm),
        region=str(reference.region),
        now=datetime.now(UTC),
    )


def known() -> dict[str, Any]:
    """What can be said about a node whose validation failed; never raises."""
    known: dict[str, Any] = {}
    # the fault itself is already on its way
    with contextlib.suppress(Exception):
        node = config.load(paths.NODE_JSON, paths.SCHEMA)
        known = {"cluster": node.cluster, "role": node.role}
        baked = identity.read(paths.IMAGE_JSON)
        known["image"] = {
            "digest": node.image_digest,
            "contentId": baked.content_id,
            "matches": baked.content_id == node.image_content_id,
        }
    return known
