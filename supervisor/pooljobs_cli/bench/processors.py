"""Reads processor time from /proc: the fleet's, that of a server on this machine, nobody's. None without a /proc."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_PARENT, _USER, _SYSTEM, _WAITED_USER, _WAITED_SYSTEM = 1, 11, 12, 13, 14
"""Fields of ``/proc/<pid>/stat`` after the command's name."""

_IDLE, _WAITING = 3, 4
"""Fields of the first line of ``/proc/stat``: nothing to do, nothing to do but wait for a disk."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Processor seconds so far."""

    fleet: float | None
    server: float | None
    idle: float | None


def read(supervisor: int, backend: int | None) -> Reading:
    """Of the supervisor's children, of the server that ``backend`` belongs to, and of the idle processors."""
    if not _PROC.joinpath("stat").is_file():
        return Reading(None, None, None)
    every = {int(path.name): fields for path in _PROC.glob("[0-9]*") if (fields := _fields(path / "stat"))}
    postmaster = int(every[backend][_PARENT]) if backend in every else None
    return Reading(
        fleet=sum(_used(fields) for fields in every.values() if int(fields[_PARENT]) == supervisor),
        server=None if postmaster is None else _of_server(every, postmaster),
        idle=_idle(),
    )


def local_backend(pid: int) -> int | None:
    """The backend's pid if it is a process of this machine; None if it is another one's, or in another container."""
    try:
        name = _PROC.joinpath(str(pid), "comm").read_text().strip()
    except OSError:
        return None
    return pid if name.startswith("postgres") else None


def _of_server(every: dict[int, list[str]], postmaster: int) -> float:
    """All backends, those that have ended included."""
    own = every.get(postmaster)
    ended = (int(own[_WAITED_USER]) + int(own[_WAITED_SYSTEM])) / _ticks() if own else 0.0
    return ended + sum(_used(fields) for fields in every.values() if int(fields[_PARENT]) == postmaster)


def _used(fields: list[str]) -> float:
    return (int(fields[_USER]) + int(fields[_SYSTEM])) / _ticks()


def _fields(path: Path) -> list[str]:
    try:
        return path.read_text(errors="replace").rpartition(")")[2].split()
    except OSError:  # it has ended
        return []


def _idle() -> float:
    fields = _PROC.joinpath("stat").read_text().split("\n", 1)[0].split()[1:]
    return (int(fields[_IDLE]) + int(fields[_WAITING])) / _ticks()


def _ticks() -> int:
    return os.sysconf("SC_CLK_TCK")
