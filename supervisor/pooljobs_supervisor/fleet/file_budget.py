"""How many descriptors a process of a fleet needs before a handler runs. Pure; asked before anything is started."""

from __future__ import annotations

from pooljobs.scoreboard.board import pipes_for, slots_for
from pooljobs.settings import ServeSettings

OF_A_CHILD = 4
"""What the supervisor has for each: a pidfd, what multiprocess watches it by, and a file for its stack."""

OTHERS = 16
"""A process's standard ones, its log, its signals, its event loop, and what is opened for a moment."""


def needed(settings: ServeSettings) -> int:
    """The most that any of them has: the pipes of the scoreboard are everybody's. One worker more while one leaves."""
    pipes = 2 * pipes_for(slots_for(settings.procs))
    return pipes + OF_A_CHILD * (settings.procs + 2) + settings.worker.connections + OTHERS
