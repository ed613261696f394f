"""The numbers that stand on the scoreboard, by name.

Another process wrote them, perhaps one that was dying: a number without a name never raises in its reader.
It reads as the value under which nobody does harm, given for each enum below (``slot.py`` holds the pairing).
"""

from __future__ import annotations

from enum import IntEnum


class Role(IntEnum):
    """Who sits in a slot. Unknown (a free slot's 0 too) reads as WORKER: look at the state first."""

    WORKER = 1
    STEWARD = 2


class SlotState(IntEnum):
    """A slot's life: FREE → BOOTING (supervisor) → READY (child) → DEAD (supervisor) → FREE (steward).

    Unknown reads as BOOTING: nobody reuses the slot or releases its jobs until the supervisor says DEAD.
    """

    FREE = 0
    BOOTING = 1
    READY = 2
    DEAD = 3


class Activity(IntEnum):
    """What a child is busy with, for people and metrics. Unknown reads as NONE."""

    NONE = 0
    IDLE = 1
    CLAIMING = 2
    RUNNING = 3
    SETTLING = 4
    WAITING_FOR_DATABASE = 5


class Killed(IntEnum):
    """Why nobody is to blame for a child's death; any other number counts as ON_PURPOSE."""

    NO = 0
    ON_PURPOSE = 1
    """The supervisor killed it."""
    UNSEEN = 2
    """It outlived its supervisor, so that nobody saw how it ended."""


class Wanted(IntEnum):
    """What a child is asked for; it only ever rises. Unknown reads as DRAIN: no job is lost by leaving early."""

    RUN = 0
    DRAIN = 1
    """Finish the claimed batch, claim nothing new."""
    RELEASE = 2
    """Finish the running jobs, give the unstarted ones back."""


class EntryState(IntEnum):
    """Where a held job is. Unknown reads as RUNNING: a job that may have begun counts as begun."""

    FREE = 0
    CLAIMED = 1
    RUNNING = 2
    DONE = 3
    """The handler returned; not settled yet."""
    FAILED = 4
    """The handler raised; not settled yet."""
    GIVEN_BACK = 5
    """It never began, and goes back to its queue; not settled yet."""
