"""Which peers there are: a directory each, with ``peer.toml`` and a driver. Read by the harness alone."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
YARDSTICK = "pooljobs"
"""The peer that all others are compared with."""

DRIVERS = {"python": "driver.py", "node": "driver.mjs"}
NEEDS = ("postgresql", "redis")


class CatalogError(Exception):
    """A ``peer.toml`` does not say what it must, or a name was asked for that no peer has."""


@dataclass(frozen=True, slots=True)
class Peer:
    """What a ``peer.toml`` says."""

    directory: Path
    name: str
    language: str
    version: str
    packages: tuple[str, ...]
    """For its environment, pinned. None: it runs in the project's own."""
    needs: str
    configuration: str
    """One sentence for the report: how it was set up and tuned."""
    jobs: int
    """A drain's backlog, so that it takes 3 to 10 s."""
    processes: int = 1
    """Worker processes that one ``driver work`` runs."""
    python: str = "3.11"
    """The least version of Python that it takes."""

    @property
    def key(self) -> str:
        """What ``--only`` calls it."""
        return self.directory.name

    @property
    def driver(self) -> Path:
        """The program that the harness calls."""
        return self.directory / DRIVERS[self.language]


def read_peer(directory: Path) -> Peer:
    """The peer of that directory.

    Raises:
        CatalogError: Its file is missing, is no TOML, or says something that the harness cannot use.
    """
    path = directory / "peer.toml"
    try:
        said = tomllib.loads(path.read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise CatalogError(f"{path}: {error}") from error
    return _checked(path, said)


def find_peers(only: Sequence[str] = (), root: Path = HERE) -> list[Peer]:
    """All peers, or those named and the yardstick, which comes first.

    Raises:
        CatalogError: A name is nobody's.
    """
    peers = {path.parent.name: read_peer(path.parent) for path in root.glob("*/peer.toml")}
    if unknown := sorted(set(only) - set(peers)):
        raise CatalogError(f"no peer named {', '.join(unknown)}; there are: {', '.join(sorted(peers))}")
    chosen = [key for key in sorted(peers) if not only or key in only or key == YARDSTICK]
    return [peers[key] for key in sorted(chosen, key=lambda key: key != YARDSTICK)]


def _checked(path: Path, said: dict[str, Any]) -> Peer:
    try:
        peer = Peer(directory=path.parent, **{**said, "packages": tuple(said["packages"])})
    except (KeyError, TypeError) as error:
        raise CatalogError(f"{path}: {error}") from error
    if peer.language not in DRIVERS or peer.needs not in NEEDS:
        raise CatalogError(f"{path}: language is one of {', '.join(DRIVERS)}, needs one of {', '.join(NEEDS)}")
    if peer.jobs < 1 or peer.processes < 1:
        raise CatalogError(f"{path}: jobs and processes are at least 1")
    return peer
