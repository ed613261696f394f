"""Who a fleet is, for its row in the table ``fleets``: said by its steward, and by each worker that registers."""

from __future__ import annotations

import socket
from importlib.metadata import version
from pathlib import Path
from typing import TypedDict

from pooljobs.process.child import Child
from pooljobs.process.liveness import birth


class FleetIdentity(TypedDict):
    """The columns of the row. What the system does not tell (there is no /proc) is None."""

    fleet: int
    host: str
    boot_id: str | None
    pid_namespace: str | None
    pid: int
    pid_started: int | None
    version: str


def fleet_of(child: Child) -> FleetIdentity:
    """The fleet that a child belongs to."""
    return FleetIdentity(
        fleet=child.board.fleet,
        host=socket.gethostname(),
        boot_id=_read("/proc/sys/kernel/random/boot_id"),
        pid_namespace=_target("/proc/self/ns/pid"),
        pid=child.parent_pid,
        pid_started=birth(child.parent_pid) or None,
        version=version("pooljobs"),
    )


def _read(path: str) -> str | None:
    try:
        return Path(path).read_text("ascii").strip()
    except OSError:
        return None


def _target(path: str) -> str | None:
    try:
        return str(Path(path).readlink())
    except OSError:
        return None
