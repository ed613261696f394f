"""Tells a process from those that were forked from it: a handler may fork, and its child come back out of the handler.

Asked after each job, so it must not cost a system call as ``getpid`` does, which took a fiftieth of a worker's time.
"""

from __future__ import annotations

import mmap
import os
import sys
from typing import Protocol

_WIPE_ON_FORK = 18
"""MADV_WIPEONFORK of Linux, from 4.14 on: a forked child finds zeros in the page. ``mmap`` does not name it."""


class ForkGuard(Protocol):
    """``origin[0]`` is 0 in every process that was forked from the one that made it, and not 0 in that one."""

    def __getitem__(self, index: int, /) -> int:
        """Looks."""


class PidForkGuard:
    """Where there is no such page."""

    def __init__(self) -> None:
        self._pid = os.getpid()

    def __getitem__(self, _index: int, /) -> int:
        return os.getpid() == self._pid


def make_origin() -> ForkGuard:
    """The cheapest that this system has, for the calling process."""
    if sys.platform != "linux":
        return PidForkGuard()
    page = mmap.mmap(-1, mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    try:
        page.madvise(_WIPE_ON_FORK)
    except (OSError, ValueError):  # an older kernel
        page.close()
        return PidForkGuard()
    page[0] = 1
    return memoryview(page)
