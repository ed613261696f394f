"""A thread that pauses job types and a queue and resumes them, as operators do. It remembers from when until when they
were paused, as it was told.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import KW_ONLY, dataclass
from typing import Final

import psycopg
from psycopg.conninfo import make_conninfo

from pooljobs import PoolJobs
from pooljobs.db.error_kinds import passes
from pooljobs.errors import PoolJobsError
from pooljobs.job.pause import PauseKind
from pooljobs_cli.chaos.application.handlers import SCHEMA
from pooljobs_cli.chaos.hosts import LEASE
from pooljobs_cli.chaos.producers import Limit, Told
from pooljobs_cli.chaos.schedule import Kind

_TARGETS: Final[tuple[tuple[PauseKind, str], ...]] = (
    *(("type", name) for name in ("quick", "quick", "slow", "flaky", "exact")),
    ("queue", "default"),
)

_BETWEEN: Final = (1.0, 4.0)
"""Seconds from a resume to the next pause."""

_BEYOND: Final = (2.0, 5.0)
"""Seconds that a pause goes on beyond the time that it may take to be in force."""

_CALM_GRACE: Final = 3.0
_GRACE: Final = 4 * LEASE
"""Seconds after which a pause must be in force: where nobody is stopped or cut off; and where a worker may be, which
goes on with what it has claimed until it hears of it or has lost its lease."""

_DELAYING: Final = frozenset(
    {
        Kind.STOP_WORKER,
        Kind.STOP_STEWARD,
        Kind.STOP_SUPERVISOR,
        Kind.STOP_HOST,
        Kind.SILENCE_CONNECTIONS,
        Kind.RESTART_SERVER,
        Kind.EXHAUST_CONNECTIONS,
    }
)

_PATIENCE: Final = 25.0
"""Seconds in which the last resume must come through."""


def grace(kinds: Collection[Kind]) -> float:
    """Seconds from a pause's commit until it must be in force, under these harms."""
    return _GRACE if _DELAYING & frozenset(kinds) else _CALM_GRACE


@dataclass(frozen=True, slots=True)
class ToldPause:
    """From the answer that it is paused to the first attempt to resume it; monotonic nanoseconds."""

    kind: PauseKind
    name: str
    _: KW_ONLY
    since_ns: int
    until_ns: int


class Pauser(threading.Thread):
    """Pauses and resumes until it is told to stop; then nothing is paused."""

    def __init__(self, seed: int, *, dsn: str, limit: Limit, kinds: Collection[Kind]) -> None:
        super().__init__(name="pausing", daemon=True)
        self.told = Told()
        self.pauses: list[ToldPause] = []
        self.error: BaseException | None = None
        self._dice = random.Random(f"{seed} pausing")
        self._grace = grace(kinds)
        self._limit = limit
        application_name = "pooljobs chaos producer"
        self._app = PoolJobs(make_conninfo(dsn, connect_timeout=5, application_name=application_name), schema=SCHEMA)

    def run(self) -> None:
        """Goes on until it is told to stop."""
        try:
            while not self._limit.stopping.wait(self._dice.uniform(*_BETWEEN)):
                self._pause_one()
        except BaseException as error:  # noqa: BLE001  # told by the main thread
            self.error = error
        finally:
            self._app.close()

    def _pause_one(self) -> None:
        kind, name = self._dice.choice(_TARGETS)
        app = self._app
        pause, resume = (app.pause_queue, app.resume_queue) if kind == "queue" else (app.pause_type, app.resume_type)
        paused = self._came_through(lambda: pause(name, reason="chaos looks whether anything begins"))
        since_ns = time.monotonic_ns()
        self._limit.stopping.wait(self._grace + self._dice.uniform(*_BEYOND))
        until_ns = time.monotonic_ns()
        deadline = time.monotonic() + _PATIENCE
        while not self._came_through(lambda: resume(name)):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{kind} {name} could not be resumed")
        if paused:
            self.pauses.append(ToldPause(kind, name, since_ns=since_ns, until_ns=until_ns))

    def _came_through(self, act: Callable[[], bool]) -> bool:
        """False after an outage: nobody knows whether it was done."""
        try:
            act()
        except (psycopg.Error, PoolJobsError) as error:
            if not (isinstance(error, PoolJobsError) or passes(error)):
                raise
            return False
        return True
