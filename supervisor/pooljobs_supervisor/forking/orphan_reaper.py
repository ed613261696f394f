"""Reaps processes that were left to this one by the death of their parents: as PID 1 of a container, or as subreaper.

Whoever else would adopt them is not this process's concern, and then nothing is done. Own children are never touched:
neither the supervisor's nor any that were there before (the embedded server), whose own books must see their ends.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Container
from pathlib import Path

_PR_GET_CHILD_SUBREAPER = 37


class OrphanReaper:
    """Constructed before the first child of the fleet is forked."""

    def __init__(self, *, adopts: bool) -> None:
        """``adopts``: orphans come to this process; see ``adopts_orphans``."""
        self._adopts = adopts and hasattr(os, "waitid")
        self._own = _children_now() if self._adopts else frozenset()

    def reap(self, fleet: Container[int]) -> int:
        """Reap every orphan that has ended, and say how many; ``fleet`` holds the pids of the supervisor's children."""
        if not self._adopts or not _somebody_ended():
            return 0
        orphan_reaper = [pid for pid in _children_now() if pid not in fleet and pid not in self._own]
        return sum(os.waitpid(pid, os.WNOHANG)[0] == pid for pid in orphan_reaper)


def adopts_orphans() -> bool:
    """Whether orphaned descendants become children of this process."""
    if sys.platform != "linux":
        return False
    answer = ctypes.c_int(0)
    ctypes.CDLL(None).prctl(_PR_GET_CHILD_SUBREAPER, ctypes.byref(answer), 0, 0, 0)
    return os.getpid() == 1 or bool(answer.value)


def _somebody_ended() -> bool:
    """Whether any child waits to be reaped; it is left unreaped."""
    try:
        return os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return False


def _children_now() -> frozenset[int]:
    """All children of this process, ended ones too; none where /proc does not show this process's own namespace."""
    proc = Path("/proc")
    try:
        if proc.joinpath("self").readlink().name != str(os.getpid()):
            return frozenset()
        return frozenset(int(entry.name) for entry in proc.iterdir() if entry.name.isdigit() and _is_child(entry))
    except OSError:
        return frozenset()


def _is_child(entry: Path) -> bool:
    try:
        return int(entry.joinpath("stat").read_text().rpartition(")")[2].split()[1]) == os.getpid()
    except OSError:  # gone meanwhile
        return False
