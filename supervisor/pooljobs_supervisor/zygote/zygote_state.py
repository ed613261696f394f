"""Which zygotes there are, and what is to be done about them now. Pure: no clock, no process.

``preload.py`` tells what happened and does what is asked; ``reload.py`` asks whether the new code is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field

from pooljobs.exit_codes import describe_exit
from pooljobs.settings import BOOT_TIMEOUT
from pooljobs_supervisor.fleet.backoff import failed_starts, wait_before_respawn
from pooljobs_supervisor.fleet.children import SLOW_BOOT

BIRTH_LIMIT = 30.0
"""Seconds in which a worker that was asked for must have come, or the zygote is taken to hang."""

NONE = -1
"""A generation before all others."""


@dataclass(slots=True)
class ZygoteRecord:
    """A living zygote. Times are monotonic seconds."""

    pid: int
    generation: int
    """How many reloads had been asked for when it was forked: its workers have code that is no older."""
    _: KW_ONLY
    forked: float
    ready_at: float | None = None
    called_slow: bool = False
    lost: bool = False
    """It hears nothing any more, or hangs: nobody asks it for anything, and it is killed."""
    ended: bool = False
    """It is killed because it is not wanted any more."""


@dataclass(frozen=True, slots=True)
class ForkZygote:
    """Fork a zygote; it will load the code of this generation."""

    generation: int


@dataclass(frozen=True, slots=True)
class EndZygote:
    """Kill a zygote that is not wanted any more."""

    zygote: ZygoteRecord


@dataclass(frozen=True, slots=True)
class EndHungZygote:
    """Kill a zygote that gives no answer."""

    zygote: ZygoteRecord


ZygoteAction = ForkZygote | EndZygote | EndHungZygote


@dataclass(slots=True)
class Zygotes:
    """All zygotes of one supervisor: mostly one, two while a reload goes on."""

    boot_timeout: float = BOOT_TIMEOUT
    """Seconds in which one must have loaded the application."""
    _living: dict[int, ZygoteRecord] = field(default_factory=dict)
    _: KW_ONLY
    _failed_starts: int = 0
    _due: float = float("-inf")
    _proven: int = NONE
    """The newest generation of which a worker was READY."""
    _rejected: int = NONE
    """The newest generation that is not to be had, while an older one is."""
    _failed: int = NONE
    """The newest generation that did not load when last tried; ``_why`` in words."""
    _why: str = ""

    @property
    def all(self) -> tuple[ZygoteRecord, ...]:
        """Every living zygote, oldest first."""
        return tuple(self._living.values())

    @property
    def source(self) -> ZygoteRecord | None:
        """Whom workers are to be asked of; None if there is nobody."""
        fit = [z for z in self.all if z.ready_at is not None and not (z.ended or z.lost) and not self._unwanted(z)]
        return max(fit, key=lambda zygote: zygote.generation, default=None)

    def forked(self, record: ZygoteRecord) -> None:
        """Enter a zygote that was just forked."""
        self._living[record.pid] = record

    def fork_failed(self, now: float) -> None:
        """Note that forking one failed: a failed start."""
        self._wait(came_up=False, now=now)

    def died(self, pid: int, status: int, now: float) -> ZygoteRecord:
        """Take a dead one out. If no other is left to ask, and it never loaded, the next one waits."""
        record = self._living.pop(pid)
        if record.ready_at is None and not record.ended:
            self._failed, self._why = record.generation, describe_exit(status)
            self._rejected = max(self._rejected, record.generation)
        if not self._have_another():
            self._rejected = NONE
            if not record.ended:
                self._wait(came_up=record.ready_at is not None, now=now)
        return record

    def ready(self, record: ZygoteRecord, now: float) -> None:
        """Note that one has loaded the application."""
        record.ready_at = now
        if record.generation >= self._failed:
            self._failed, self._why = NONE, ""

    def prove(self, generation: int) -> None:
        """Note that a worker of this generation is READY: older zygotes are not needed any more."""
        self._proven = max(self._proven, generation)

    def reject(self, generation: int) -> None:
        """Do without the code of this generation, if there is an older zygote to ask instead."""
        if any(zygote.generation < generation and zygote.ready_at is not None for zygote in self.all):
            self._rejected = max(self._rejected, generation)

    def has(self, generation: int) -> bool:
        """Whether workers can be had of this generation, or a newer one."""
        return self.source is not None and self.source.generation >= generation

    def failure(self, generation: int) -> str:
        """How the zygote of this generation ended that did not load, in words; empty if none did."""
        return self._why if self._failed >= generation else ""

    def plan(self, wanted: int, *, serving: bool, waiting: Mapping[int, float], now: float) -> list[ZygoteAction]:
        """What is to be done now.

        Args:
            wanted: The newest generation that was asked for.
            serving: Whether workers are still forked at all.
            waiting: By zygote, since when the oldest worker that it was asked for has not come.
            now: Monotonic seconds.
        """
        if not serving:
            return [EndZygote(zygote) for zygote in self.all]
        ends = [z for z in self.all if self._unwanted(z) or (z.ready_at is None and z.generation < wanted)]
        hung = [z for z in self.all if z not in ends and self._hangs(z, waiting.get(z.pid, now), now)]
        wants = self._wants(wanted) and now >= self._due
        return [*map(EndZygote, ends), *map(EndHungZygote, hung), *([ForkZygote(wanted)] if wants else [])]

    def pause(self, wanted: int, now: float, *, longest: float) -> float:
        """Seconds until the next zygote may be forked; ``longest`` if none is to be."""
        return min(longest, max(0.0, self._due - now)) if self._wants(wanted) else longest

    def slow(self, now: float) -> list[ZygoteRecord]:
        """Those that have been loading for ``SLOW_BOOT`` seconds, each reported once."""
        slow = [z for z in self.all if z.ready_at is None and not z.called_slow and now - z.forked >= SLOW_BOOT]
        for record in slow:
            record.called_slow = True
        return slow

    def _wants(self, wanted: int) -> bool:
        """Whether another is to be forked: nobody has this generation or tries to, nor is it known not to be had.

        One that is lost is waited for: how it ends may say why.
        """
        if any(zygote.generation >= wanted and not zygote.ended for zygote in self.all):
            return False
        return self.source is None or self._rejected < wanted

    def _hangs(self, zygote: ZygoteRecord, waiting_since: float, now: float) -> bool:
        """Whether it hears nothing, lets a worker wait, or loads the application for too long."""
        loads_too_long = zygote.ready_at is None and now - zygote.forked >= self.boot_timeout
        return zygote.lost or now - waiting_since >= BIRTH_LIMIT or loads_too_long

    def _unwanted(self, zygote: ZygoteRecord) -> bool:
        """Whether its code is not to be had, or a newer one's has proved to work."""
        if zygote.generation == self._rejected:
            return True
        newer = [z for z in self.all if z.ready_at is not None and z.generation > zygote.generation and not z.lost]
        return any(z.generation <= self._proven and z.generation != self._rejected for z in newer)

    def _have_another(self) -> bool:
        """Whether one is left that can be asked, whatever becomes of those that are not to be had."""
        return any(z.ready_at is not None and not z.ended and z.generation != self._rejected for z in self.all)

    def _wait(self, *, came_up: bool, now: float) -> None:
        self._failed_starts = failed_starts(self._failed_starts, came_up=came_up)
        self._due = now + wait_before_respawn(self._failed_starts)
