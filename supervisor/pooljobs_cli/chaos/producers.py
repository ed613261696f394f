"""Threads that enqueue in transactions that commit, commit late or roll back, and remember what they were told."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import Connection
from psycopg.conninfo import make_conninfo

from pooljobs.db.broken_connection import cut_off
from pooljobs.db.connect import close_path_meanwhile
from pooljobs.db.error_kinds import passes
from pooljobs.db.statements import Statements, render
from pooljobs.db.wire.bulk_copy import Copier, Source
from pooljobs.db.wire.copy_blocks import mixed
from pooljobs_cli.chaos.application.handlers import SCHEMA
from pooljobs_cli.chaos.application.releases import Release, make_app
from pooljobs_cli.chaos.job_mixture import Fate, JobMixture, draw_fate

WITNESS: Final = render("INSERT INTO {schema}.witness SELECT unnest(%s::uuid[])", SCHEMA)
_TRANSACTIONS_A_SECOND: Final = 10
_MOST: Final = 1000


@dataclass(slots=True)
class Told:
    """What the producers know for certain. An id in neither list was in a transaction whose end was lost."""

    committed: list[UUID] = field(default_factory=list)
    withdrawn: list[UUID] = field(default_factory=list)
    _: KW_ONLY
    unknown: int = 0
    asked_to_cancel: list[UUID] = field(default_factory=list)
    cancelled: list[UUID] = field(default_factory=list)
    """Those of which the answer said so."""


class Producing(threading.Thread):
    """One producer. Its dice decide what it enqueues; how much, in the end, the database and the backlog."""

    def __init__(
        self,
        number: int,
        seed: int,
        *,
        dsn: str,
        rate: float,
        mixture: JobMixture,
        limit: Limit,
        fate: Fate | None = None,
    ) -> None:
        """``fate``: of each transaction; by default the dice decide."""
        super().__init__(name=f"producer-{number}", daemon=True)
        self.told = Told()
        self.error: BaseException | None = None
        self._dice = random.Random(f"{seed} producer {number}")
        self._dsn = make_conninfo(dsn, connect_timeout=5, application_name=f"pooljobs chaos producer {number}")
        self._each = min(_MOST, max(1, round(2 * rate / _TRANSACTIONS_A_SECOND)))
        self._rate = rate
        self._mixture = mixture
        self._limit = limit
        self._fate = fate
        self._tasks = make_app(Release.BOTH).registry
        self._copier = Copier(Statements(SCHEMA))
        self._connection: Connection[Any] | None = None

    def run(self) -> None:
        """Enqueues until it is told to stop."""
        try:
            due = time.monotonic()
            while not self._limit.stopping.is_set():
                count = self._dice.randint(1, self._each)
                self._once(count)
                due = max(due + count / self._rate, time.monotonic() - 1.0)
                self._limit.wait(due)
        except BaseException as error:  # noqa: BLE001  # told by the main thread
            self.error = error
        finally:
            self._disconnect()

    def _once(self, count: int) -> None:
        jobs = [self._tasks[kind].prepare(payload) for kind, payload in self._draw(count)]
        fate = self._fate or draw_fate(self._dice)
        unique = self._mixture.draw_unique(self._dice)
        ids: Sequence[UUID] = []
        try:
            connection = self._connect()
            with cut_off(connection):
                close_path_meanwhile(connection)
                ids = self._copier.copy(connection, Source(mixed(jobs)))
                ids = [*ids, *self._enqueue_unique(connection, unique)]
                connection.execute(WITNESS, (list(ids),))
                if fate is Fate.COMMIT_LATE:
                    self._limit.stopping.wait(self._dice.uniform(0.2, 1.5))
                (connection.rollback if fate is Fate.ROLL_BACK else connection.commit)()
        except psycopg.Error as error:
            if not passes(error):
                raise
            self.told.unknown += len(ids)
            self._disconnect()
            self._limit.stopping.wait(0.1)
        else:
            (self.told.withdrawn if fate is Fate.ROLL_BACK else self.told.committed).extend(ids)

    def _enqueue_unique(self, connection: Connection[Any], unique: tuple[str, dict[str, Any]] | None) -> list[UUID]:
        """One key a transaction: with more of them, in any order, some would deadlock."""
        if unique is None:
            return []
        key, payload = unique
        handle = self._tasks["alone"].options(unique_key=key).enqueue_with(connection, **payload)
        return [handle.id] if handle.outcome == "new" else []

    def _draw(self, count: int) -> Iterable[tuple[str, dict[str, Any]]]:
        return [self._mixture.draw(self._dice) for _ in range(count)]

    def _connect(self) -> Connection[Any]:
        if self._connection is None:
            self._connection = psycopg.connect(self._dsn, prepare_threshold=None)
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Limit:
    """Holds producers back: by the clock, and while the backlog is long."""

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self.backlogged = False

    def wait(self, until: float) -> None:
        """Returns at that monotonic time, or later while there is too much to do, or when it is time to stop."""
        while (left := until - time.monotonic()) > 0 or self.backlogged:
            if self.stopping.wait(max(0.01, min(left, 0.1))):
                return
