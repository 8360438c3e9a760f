"""Which image this node is, against which one it was told to be."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from kiln_node.faults import NodeFault
from kiln_node.nodejson.config import NodeConfig


@dataclass(frozen=True)
class ImageIdentity:
    """name and contentId as baked into /usr/lib/kiln/image.json."""

    image: str
    content_id: str


def read(path: Path) -> ImageIdentity:
    """The identity that was baked in; NodeFault when there is none."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return ImageIdentity(image=str(document["image"]), content_id=str(document["contentId"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NodeFault(
            f"the image does not say which one it is: {error!r}",
            where=str(path),
            hint="boot an image that kiln baked",
        ) from error


def check(config: NodeConfig, identity: ImageIdentity, path: Path) -> None:
    """A node that is not the image it was told to be must not serve."""
    if identity.content_id != config.image_content_id:
        raise NodeFault(
            f"this is not the image that the cluster was deployed with: content is "
            f"{identity.content_id}, expected {config.image_content_id} "
            f"(image {config.image_digest})",
            where=str(path),
            hint="deploy again so that the machine boots the image that its configuration names",
        )
