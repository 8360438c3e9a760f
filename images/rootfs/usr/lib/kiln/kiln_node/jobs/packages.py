"""Maven packages of a job (--packages): from where they come, decided before Spark waits for it.

spark-submit resolves them with Ivy, which asks the public repositories first and gives each of them minutes
where packets are dropped, as on a node without internet. So only repositories that somebody has named are
asked, each is tried before, and those that answer are written to a settings file of Ivy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.sax.saxutils import quoteattr

from kiln_node.faults import NodeFault
from kiln_node.host import reach

PACKAGES = "spark.jars.packages"
REPOSITORIES = "spark.jars.repositories"
IVY_SETTINGS = "spark.jars.ivySettings"
#: Milliseconds for Ivy to connect and to wait for the next bytes.
IVY_CONNECT, IVY_READ = 10_000, 60_000

#: What is wrong with a repository, None when it answers.
Try = Callable[[str], str | None]


def repositories(settings: Mapping[str, str]) -> list[str]:
    """In the order in which they are asked."""
    return _list(settings, REPOSITORIES)


def wanted(settings: Mapping[str, str]) -> list[str]:
    """GROUP:ARTIFACT:VERSION each."""
    return _list(settings, PACKAGES)


def _list(settings: Mapping[str, str], key: str) -> list[str]:
    return [one.strip() for one in settings.get(key, "").split(",") if one.strip()]


def check(settings: Mapping[str, str], attempt: Try) -> list[str]:
    """The repositories that answer. NodeFault where none does."""
    asked = repositories(settings)
    if not asked:
        raise _unresolved(settings, "no Maven repository is named")
    with ThreadPoolExecutor(max_workers=8) as pool:
        tried = list(zip(asked, pool.map(attempt, asked), strict=True))
    answering = [one for one, fault in tried if fault is None]
    if not answering:
        raise _unresolved(settings, "; ".join(f"{one} does not answer: {fault}" for one, fault in tried))
    return answering


def _unresolved(settings: Mapping[str, str], why: str) -> NodeFault:
    return NodeFault(
        f"{', '.join(wanted(settings))} unresolved: {why}",
        where=PACKAGES,
        hint=f"name a Maven repository that this node reaches, by --repositories or as {REPOSITORIES} in the "
        "stack's conf; or bake the jars into the image: maven: in factory.yaml",
    )


def attempt(repository: str) -> str | None:
    """Opens a connection, or looks for a folder."""
    parts = urlsplit(repository)
    try:
        port = parts.port
    except ValueError:
        return "its port is not a number"
    if parts.scheme == "file":
        return None if Path(unquote(parts.path)).is_dir() else "there is no such folder"
    if parts.scheme not in ("http", "https") or parts.hostname is None:
        return "it is no address with http, https or file"
    return reach.fault(parts.hostname, port or (443 if parts.scheme == "https" else 80))


def ivy(answering: Sequence[str], cache: Path) -> str:
    """Ivy's settings: these repositories in this order, and no other. cache: where it keeps what it fetched,
    for all jobs of the node."""
    resolvers = "".join(_resolver(index, one) for index, one in enumerate(answering))
    return f"""<ivysettings>
  <timeout-constraints>
    <timeout-constraint name="bounded" connectionTimeout="{IVY_CONNECT}" readTimeout="{IVY_READ}"/>
  </timeout-constraints>
  <settings defaultResolver="all"/>
  <caches defaultCacheDir={quoteattr(str(cache / "cache"))} lockStrategy="artifact-lock-nio"/>
  <resolvers>
    <chain name="all" returnFirst="true">
{resolvers}    </chain>
  </resolvers>
</ivysettings>
"""


def _resolver(index: int, repository: str) -> str:
    root = quoteattr(repository)
    name = f"repository-{index}"
    return f'      <ibiblio name="{name}" m2compatible="true" timeoutConstraint="bounded" root={root}/>\n'
