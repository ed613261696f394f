"""What a forked child is given, and how it learns what is wanted of it. Used by the worker and the steward.

The supervisor's fork code makes the ``Child`` and calls the ``ChildMain`` with it; signals, session and open files
are in order by then. A child asks ``wanted`` and ``orphaned()`` between batches, and while it idles it waits on
``slot.wake_fd`` and ``lifeline_fd`` (readable means that the supervisor is gone).
"""

from __future__ import annotations

import os
import select
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass

from pooljobs.scoreboard import Scoreboard, Slot, Wanted


@dataclass(frozen=True, slots=True)
class Child:
    """A child's ties to the rest of the host.

    Attributes:
        board: The scoreboard of all children of this supervisor.
        slot: The child's own slot.
        lifeline_fd: Read end, non-blocking, of a pipe that nobody writes to; at its end once the supervisor is gone.
        parent_pid: The supervisor.
        stack_fd: A file for a worker's stacks, which the supervisor reads; -1 where there is none.
    """

    board: Scoreboard
    slot: Slot
    _: KW_ONLY
    lifeline_fd: int
    parent_pid: int
    stack_fd: int = -1

    @property
    def wanted(self) -> Wanted:
        """What the supervisor, or a signal, asks of this child now."""
        return self.slot.wanted

    @property
    def leaving(self) -> bool:
        """Whether the child is to take no new work: it was asked to drain, or its supervisor is gone."""
        return self.slot.wanted is not Wanted.RUN or self.orphaned()

    def ask(self, wanted: Wanted) -> None:
        """Raise what is wanted to at least this, and wake the child. Safe in a signal handler; never lowers."""
        self.slot.wanted = max(self.slot.wanted, wanted)
        self.slot.wake()

    def orphaned(self) -> bool:
        """Whether the supervisor is gone: then drain, nobody will ask. Costs one or two system calls."""
        if os.getppid() != self.parent_pid:
            return True
        try:
            return os.read(self.lifeline_fd, 1) == b""
        except BlockingIOError:
            return False

    def wait(self, seconds: float, *, lifeline: bool = True) -> bool:
        """Sleep until a wake, the supervisor's end (if ``lifeline``) or the time; whether it was cut short.

        The wakes stay in the pipe: ``slot.drain_wakes`` reads them.
        """
        sources = select.poll()  # select() itself would fail on descriptors from 1024 on
        sources.register(self.slot.wake_fd, select.POLLIN)
        if lifeline:
            sources.register(self.lifeline_fd, select.POLLIN)
        return bool(sources.poll(max(0.0, seconds) * 1000))


ChildMain = Callable[[Child], int]
"""What a child does with its life; returns its exit code."""
