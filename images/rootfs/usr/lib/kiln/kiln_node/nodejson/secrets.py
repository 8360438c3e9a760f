"""Secrets by reference: found and read here, never logged, never in a status, kept in memory alone."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from kiln_node import paths
from kiln_node.faults import NodeFault
from kiln_node.host import files
from kiln_node.nodejson.config import NodeConfig, RgwStore, SecretRef


def credential_folders() -> list[Path]:
    """This unit's own folder of credentials first, then the system's."""
    own = os.environ.get("CREDENTIALS_DIRECTORY")
    return ([Path(own)] if own else []) + list(paths.CREDENTIALS)


def references(config: NodeConfig) -> Iterator[tuple[str, SecretRef]]:
    """Every secret that the configuration refers to, with its place in node.json."""
    yield "secrets.spark", config.spark_secret
    if config.notebook_secret is not None:
        yield "secrets.notebook", config.notebook_secret
    for index, store in enumerate(config.stores):
        if isinstance(store, RgwStore):
            yield f"stores[{index}].accessKey", store.access_key
            yield f"stores[{index}].secretKey", store.secret_key
            if store.ca is not None:
                yield f"stores[{index}].ca", store.ca


def locate(reference: SecretRef, folders: Sequence[Path]) -> Path | None:
    """The file that holds the secret, or None."""
    if reference.ssm is not None:
        candidates = [_fetched(reference)]
    elif reference.file is not None:
        candidates = [Path(reference.file)]
    else:
        candidates = [folder / str(reference.credential) for folder in folders]
    return next((path for path in candidates if path.is_file()), None)


def fetch(config: NodeConfig, ask: Callable[[SecretRef], str]) -> None:
    """Every SSM parameter that the configuration refers to, into memory; one NodeFault names all that fail.
    ask: a parameter's value."""
    wanted = {reference for _, reference in references(config) if reference.ssm is not None}
    if not wanted:
        return
    files.folder(paths.SECRETS, mode=0o700)
    faults: list[NodeFault] = []
    for reference in sorted(wanted, key=str):
        try:
            files.write(_fetched(reference), ask(reference), mode=0o600)
        except NodeFault as fault:
            faults.append(fault)
    if faults:
        raise NodeFault("; ".join(fault.what for fault in faults), where=faults[0].where, hint=faults[0].hint)


def _fetched(reference: SecretRef) -> Path:
    """A parameter's name has slashes, a file's has none."""
    return paths.SECRETS / hashlib.sha256(str(reference).encode()).hexdigest()[:16]


def check(config: NodeConfig, folders: Sequence[Path]) -> None:
    """Raises one NodeFault that names every reference without a readable, non-empty secret."""
    missing = [
        f"{place} ({reference})"
        for place, reference in references(config)
        if not _readable(locate(reference, folders))
    ]
    if missing:
        raise NodeFault(
            "secrets are missing or empty: " + ", ".join(missing),
            where=", ".join(str(folder) for folder in folders),
            hint="start the machine with these system credentials, or place the files before boot",
        )


def read(reference: SecretRef, folders: Sequence[Path]) -> str:
    """The secret's text without surrounding white space."""
    path = locate(reference, folders)
    if path is None:
        raise NodeFault(
            f"secret not found: {reference}",
            where=", ".join(str(folder) for folder in folders),
            hint="start the machine with this system credential, or place the file before boot",
        )
    return path.read_text(encoding="utf-8").strip()


def _readable(path: Path | None) -> bool:
    if path is None:
        return False
    try:
        return path.read_text(encoding="utf-8").strip() != ""
    except (OSError, UnicodeDecodeError):
        return False
