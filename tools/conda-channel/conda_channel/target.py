"""Which Python a channel is of, and the Debian suite that has it."""

from __future__ import annotations

from dataclasses import dataclass

from .problem import Problem

_LIBRARIES = (
    "libbz2-1.0", "libexpat1", "liblzma5", "libncursesw6", "libsqlite3-0", "libtinfo6", "libuuid1", "zlib1g",
)  # fmt: skip


@dataclass(frozen=True)
class Target:
    """python: `3.13`; suite: Debian's; glibc: of the suite; libraries: what Python's modules link to, as the
    suite's packages are named."""

    python: str
    suite: str
    glibc: str
    libraries: tuple[str, ...]

    @property
    def packages(self) -> tuple[str, ...]:
        """Debian packages of Python and of the libraries that its modules link to."""
        name = f"python{self.python}"
        return (
            name, f"{name}-minimal", f"lib{name}-stdlib", f"lib{name}-minimal", *_LIBRARIES, *self.libraries,
        )  # fmt: skip

    @property
    def tag(self) -> str:
        """As builds of conda packages name it: `313`."""
        return self.python.replace(".", "")


TARGETS = {
    target.python: target
    for target in (
        Target(
            "3.13", "trixie", "2.41", ("libdb5.3t64", "libffi8", "libreadline8t64", "libssl3t64", "libzstd1")
        ),
        Target("3.11", "bookworm", "2.36", ("libcrypt1", "libdb5.3", "libffi8", "libreadline8", "libssl3")),
        Target(
            "3.9",
            "bullseye",
            "2.31",
            ("libcrypt1", "libdb5.3", "libffi7", "libmpdec3", "libreadline8", "libssl1.1"),
        ),
        Target("2.7", "bullseye", "2.31", ("libcrypt1", "libdb5.3", "libffi7", "libreadline8", "libssl1.1")),
    )
}


def of(python: str) -> Target:
    """The target of a Python such as `3.13`; Problem for one that no suite here has."""
    if python not in TARGETS:
        raise Problem(f"there is no suite for Python {python}", f"known: {', '.join(TARGETS)}")
    return TARGETS[python]
