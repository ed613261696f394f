"""The table of children: which positions exist, who fills them, when an empty one may be filled again.

Bookkeeping only: no clock, no process, no scoreboard. The loop tells it what happened; ``plan.py`` reads it. Pids and
slots are kept here, because what stands on the scoreboard could have been written by a dying child.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field
from typing import NamedTuple

from pooljobs.scoreboard import Role
from pooljobs_supervisor.fleet.backoff import failed_starts, wait_before_respawn
from pooljobs_supervisor.fleet.fork_budget import ForkBudget

SLOW_BOOT = 30.0
"""Seconds after which a child that is still booting is worth a line in the log."""


class Position(NamedTuple):
    """A post to be filled; its children come and go."""

    role: Role
    ordinal: int
    """1 to N for workers, 0 for the steward."""

    def __str__(self) -> str:
        return "steward" if self.role is Role.STEWARD else f"worker {self.ordinal}"


STEWARD = Position(Role.STEWARD, 0)


@dataclass(slots=True)
class ChildRecord:
    """A living child. Times are monotonic seconds."""

    position: Position
    pid: int
    _: KW_ONLY
    slot: int
    forked: float
    ready_at: float | None = None
    retiring: bool = False
    """It is to leave as soon as another is ready in its position."""
    executed: bool = False
    """It is killed for a late job."""
    hung: bool = False
    """It is killed because it shows no sign of life."""
    generation: int = 0
    """How many reloads had been asked for when it was forked: the code that it imported is no older."""


@dataclass(slots=True)
class _Vacancy:
    """What is known of a position's past: failed starts in a row, and when it may be filled."""

    failed_starts: int = 0
    due: float = float("-inf")


@dataclass(slots=True)
class Children:
    """All children of one supervisor, by pid and by position."""

    procs: int
    """Workers wanted now."""
    most: int = 512
    """Workers that there is room for."""
    _: KW_ONLY
    generation: int = 0
    """Of workers that are forked from now on; only rises."""
    forks: ForkBudget = field(init=False)
    """Of all that are forked for this supervisor. Whoever forks spends."""
    _living: dict[int, ChildRecord] = field(default_factory=dict)
    _past: dict[Position, _Vacancy] = field(default_factory=dict)
    _coming: dict[Position, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.forks = ForkBudget(self.procs, self.most)

    @property
    def coming(self) -> int:
        """How many were asked for and have not come yet."""
        return len(self._coming)

    def expect(self, position: Position, slot: int) -> None:
        """Keep a position and a slot for a child that somebody else forks; until ``come``."""
        self._coming[position] = slot

    def come(self, position: Position) -> None:
        """It has come, and is ``born``, or never will."""
        del self._coming[position]

    def taken(self, position: Position) -> bool:
        """Whether somebody sits there who stays."""
        return any(record.position == position and not record.retiring for record in self._living.values())

    def forked(self, record: ChildRecord) -> None:
        """Enter a child that was just forked.

        Raises:
            ValueError: Its position, pid or slot is taken.
        """
        for other in self._living.values():
            same_place = record.position == other.position and not (other.retiring or record.retiring)
            if same_place or record.pid == other.pid or record.slot == other.slot:
                raise ValueError(f"{record.position} (pid {record.pid}, slot {record.slot}) collides with {other}")
        self._living[record.pid] = record

    def of(self, pid: int) -> ChildRecord:
        """The living child of this pid. Raises KeyError if there is none."""
        return self._living[pid]

    def died(self, pid: int, now: float, *, came_up: bool = False) -> ChildRecord:
        """Take a dead child out. If it never came up its position waits out the back-off, unless another was to fill
        it.

        ``came_up``: it was READY, though nobody had noted that yet.

        Raises:
            KeyError: No such child.
        """
        record = self._living.pop(pid)
        if came_up and record.ready_at is None:
            record.ready_at = now
        if not record.retiring:
            self._leave_empty(record.position, came_up=record.ready_at is not None, now=now)
        return record

    def clear_backoff(self, position: Position) -> None:
        """Forget the failed starts of this position: who died there was one too many, and is not to be missed."""
        self._past.pop(position, None)

    def fork_failed(self, position: Position, now: float) -> None:
        """Note that forking a child for this position failed: a failed start."""
        self._leave_empty(position, came_up=False, now=now)

    def _leave_empty(self, position: Position, *, came_up: bool, now: float) -> None:
        past = self._past.setdefault(position, _Vacancy())
        past.failed_starts = failed_starts(past.failed_starts, came_up=came_up)
        past.due = now + wait_before_respawn(past.failed_starts)

    @property
    def all(self) -> tuple[ChildRecord, ...]:
        """Every living child, oldest first."""
        return tuple(self._living.values())

    @property
    def workers(self) -> tuple[ChildRecord, ...]:
        """The living workers."""
        return tuple(record for record in self._living.values() if record.position.role is Role.WORKER)

    @property
    def steward(self) -> ChildRecord | None:
        """The living steward, if there is one."""
        return next((record for record in self._living.values() if record.position == STEWARD), None)

    @property
    def slots(self) -> frozenset[int]:
        """Slots that living children sit in, or those who are expected will."""
        return frozenset((*(record.slot for record in self._living.values()), *self._coming.values()))

    def resize(self, procs: int) -> bool:
        """Want this many workers from now on; False, and nothing done, if there is no room for them or none is left."""
        fits = 1 <= procs <= self.most
        self.procs = procs if fits else self.procs
        return fits

    @property
    def surplus(self) -> list[ChildRecord]:
        """Workers of positions that are no longer wanted."""
        return [worker for worker in self.workers if worker.position.ordinal > self.procs]

    @property
    def outdated(self) -> list[ChildRecord]:
        """Workers of wanted positions that were forked before the last reload was asked for."""
        wanted = [worker for worker in self.workers if worker.position.ordinal <= self.procs]
        return [worker for worker in wanted if worker.generation < self.generation]

    @property
    def retiring(self) -> list[ChildRecord]:
        """Workers that are being replaced."""
        return [worker for worker in self.workers if worker.retiring]

    @property
    def replaced(self) -> list[ChildRecord]:
        """Workers that are being replaced, and whose replacement is ready."""
        ready = {worker.position for worker in self.workers if worker.ready_at is not None and not worker.retiring}
        return [worker for worker in self.retiring if worker.position in ready]

    def vacant(self) -> list[Position]:
        """Places without a child that stays or is expected, the steward's first, then the workers' in order."""
        filled = {*self._coming, *(record.position for record in self._living.values() if not record.retiring)}
        positions = [STEWARD, *(Position(Role.WORKER, ordinal) for ordinal in range(1, self.procs + 1))]
        return [position for position in positions if position not in filled]

    def due(self, position: Position) -> float:
        """Monotonic time from which the position may be filled; minus infinity for one that never was."""
        past = self._past.get(position)
        return past.due if past else float("-inf")

    def failed_starts(self, position: Position) -> int:
        """How many in a row have failed there."""
        past = self._past.get(position)
        return past.failed_starts if past else 0
