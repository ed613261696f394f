"""Sees that a child has ended, and how. Used by the loop.

Waking is the job of a pidfd, or of SIGCHLD where the kernel has none. A child's sentinel would not do: it stays open
as long as any process that the child forked. Which children have ended is asked of each by pid, without reaping
(never ``waitpid(-1)``, which steals others' children), and the ``Process`` object then reaps its own.
"""

from __future__ import annotations

import os
from selectors import EVENT_READ, BaseSelector
from typing import NamedTuple, Protocol

from pooljobs_supervisor.forking.measured_process import Usage

UNKNOWN_STATUS = 255
"""Exit status of a child that somebody else reaped."""


class Reapable(Protocol):
    """A child that can be reaped: a ``MeasuredProcess`` or an ``AdoptedProcess``."""

    @property
    def pid(self) -> int | None:
        """The process id, once started."""

    @property
    def exitcode(self) -> int | None:
        """Exit code, or minus a signal's number; None before the end. Reaps."""

    @property
    def usage(self) -> Usage | None:
        """What it used; None before it was reaped, or when somebody else reaped it."""

    def close(self) -> None:
        """Let go of its descriptors; only after the end."""


class Process(Reapable, Protocol):
    """What is used of a ``MeasuredProcess``, whose base comes without types."""

    def start(self) -> None:
        """Fork."""

    def join(self) -> None:
        """Wait for the end."""


class ExitWatch:
    """Watches children by pid and wakes ``selector`` when one ends, if ``pidfds`` are to be had."""

    def __init__(self, selector: BaseSelector, *, pidfds: bool) -> None:
        self._selector = selector
        self._pidfds = pidfds
        self._watched: dict[int, int | None] = {}

    def watch(self, pid: int) -> None:
        """Watch a child from now on. Without a descriptor to spare it is still seen, by the next tick."""
        self._watched[pid] = None
        if self._pidfds:
            try:
                fd = os.pidfd_open(pid)
            except OSError:
                return
            self._watched[pid] = fd
            self._selector.register(fd, EVENT_READ)

    def ended(self) -> list[int]:
        """Pids of watched children that have ended and were not forgotten yet."""
        return [pid for pid in self._watched if has_ended(pid)]

    def forget(self, pid: int) -> None:
        """Stop watching a child that was reaped."""
        fd = self._watched.pop(pid)
        if fd is not None:
            self._selector.unregister(fd)
            os.close(fd)

    def close(self) -> None:
        """Close the descriptors: all that a forked child may do with its parent's watch."""
        for fd in self._watched.values():
            if fd is not None:
                os.close(fd)
        self._watched.clear()


def pidfds_work() -> bool:
    """Whether this kernel, and the sandbox around us, hand out pidfds."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return False
    return True


def has_ended(pid: int) -> bool:
    """Whether a child has ended; it stays unreaped. True as well where that cannot be asked without reaping."""
    if not hasattr(os, "waitid"):  # macOS before Python 3.13
        return True
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


class ChildExit(NamedTuple):
    """How a process ended: its exit code, or minus the signal that killed it; and what it used, where that is known."""

    status: int
    usage: Usage | None = None


def reap(process: Reapable) -> ChildExit | None:
    """Reap a child. None when it has not ended after all."""
    status = process.exitcode
    if status is None:
        return _end_behind_its_back(process.pid)
    end = ChildExit(status, process.usage)
    process.close()
    return end


def _end_behind_its_back(pid: int | None) -> ChildExit | None:
    """What became of a child of which its ``Process`` knows nothing: it runs, or somebody else reaped it."""
    try:
        reaped, status = os.waitpid(pid or os.getpid(), os.WNOHANG)
    except ChildProcessError:
        return ChildExit(UNKNOWN_STATUS)
    return ChildExit(os.waitstatus_to_exitcode(status)) if reaped else None
