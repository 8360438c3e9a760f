"""Before every start of one of Spark's daemons, not only at the boot: what it needs is here and proven now.

The units call it as root before their process (ExecStartPre), so that no restart, by systemd or by a person,
gets around it.
"""

from __future__ import annotations

import socket
from collections.abc import Callable

from kiln_node import paths
from kiln_node.boot import identity, role
from kiln_node.faults import NodeFault
from kiln_node.host import files
from kiln_node.nodejson import secrets
from kiln_node.nodejson.config import NodeConfig
from kiln_node.scratch import mountpoint, space
from kiln_node.spark import sparkimage, sparkrules

#: Raises OSError where a name has no address.
Resolve = Callable[[str], object]


def resolve(host: str) -> object:
    """As a JVM will ask."""
    return socket.getaddrinfo(host, None)


def check(config: NodeConfig) -> None:
    """NodeFault with the first thing that is not as it must be; makes the folders of this role."""
    identity.check(config, identity.read(paths.IMAGE_JSON), paths.IMAGE_JSON)
    mountpoint.require_mount()
    mountpoint.prove()
    enough(space.measure(), config.least_free_mib)
    secret(config)
    resolves(config, resolve, socket.gethostname())
    sparkrules.check(config)
    present(config)
    folders(config)


def enough(found: space.Space, wanted: int | None) -> None:
    """A start on a disk that is full already would be followed by the watch's stop."""
    bound = space.bound_mib(found.size_mib, wanted)
    if found.free_mib < bound:
        raise NodeFault(
            f"{paths.SCRATCH} has {found.free_mib} MiB left of {found.size_mib}, {bound} must stay free",
            where=str(paths.SCRATCH),
            hint="see what fills it: du -xh --max-depth=2 /scratch | sort -h; "
            "then systemctl restart kiln-role kiln-ready",
        )


def secret(config: NodeConfig) -> None:
    """The secret that Spark would read is the cluster's, as it is given to this machine now."""
    given = secrets.read(config.spark_secret, secrets.credential_folders())
    if config.role == "history":
        return
    try:
        lines = paths.SPARK_DEFAULTS.read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    if given == "" or not any(
        line.startswith("spark.authenticate.secret=") and line.endswith(given) for line in lines
    ):
        raise NodeFault(
            "what Spark reads does not hold the cluster's secret",
            where=str(paths.SPARK_DEFAULTS),
            hint="write it anew: systemctl restart kiln-configure; see that the credential is not empty",
        )


def resolves(config: NodeConfig, ask: Resolve, own: str) -> None:
    """Spark ends at its start when it cannot resolve its own name, and waits for ever for a master's."""
    for host, what in ((config.master_host, "the master"), (own, "this node")):
        try:
            ask(host)
        except OSError as error:
            raise NodeFault(
                f"the name of {what}, {host}, has no address: {error}",
                where="network",
                hint="see `resolvectl query` and the name servers that the network configuration names",
            ) from error


def present(config: NodeConfig) -> None:
    """What not every image has."""
    if config.role == "notebook" and not paths.JUPYTER_LAB.is_file():
        raise NodeFault(
            "this image has no JupyterLab",
            where=str(paths.JUPYTER_LAB),
            hint="add jupyterlab and ipykernel to environment.yml, then kiln lock and kiln bake",
        )


def folders(config: NodeConfig) -> None:
    """On scratch, owned by Spark's user, which may not make them itself."""
    wanted = {
        "master": [paths.SCRATCH / "recovery", paths.SCRATCH / "recovery" / sparkimage.read().spark],
        "notebook": [paths.SCRATCH / "home" / "notebooks"],
    }
    for folder in wanted.get(config.role, []):
        files.folder(folder, mode=0o750, user=paths.SPARK_USER, group=paths.SPARK_USER)


def unit(config: NodeConfig) -> str:
    """Whose start this is."""
    return role.UNITS[config.role] or "kiln-submit"
