"""Watches a fleet while it empties the queue, and while it idles."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import dict_row

from pooljobs.db.statements import render
from pooljobs.errors import OptionError
from pooljobs_cli.bench import processors
from pooljobs_cli.bench.bench_jobs import SCHEMA, ring
from pooljobs_cli.bench.bench_schema import load
from pooljobs_cli.bench.figures import Drain
from pooljobs_cli.staging.own_fleet import FleetError, OwnFleet

_EVERY: Final = 0.05
"""Seconds between looks at whether there is anything left."""

_COUNT_EVERY: Final = 0.5
"""Seconds between counts of what is left, which read the whole table."""

_PATIENCE: Final = 60.0
"""Seconds without a change after which the fleet counts as stuck."""

_PAUSE: Final = 0.1
"""Seconds between two jobs in an idle fleet: until its workers sleep again."""


def drain(connection: Connection[Any], fleet: OwnFleet, jobs: int, on_progress: Callable[[int], None]) -> Drain:
    """Waits for the queue to be empty; what the drain came to.

    Raises:
        FleetError: The fleet ended, or completed nothing for a minute.
        OptionError: There were too few jobs for a rate.
    """
    backend = processors.local_backend(connection.info.backend_pid)
    _wait(connection, fleet, "SELECT FROM {schema}.history LIMIT 1", 1)
    before, began = processors.read(fleet.pid, backend), time.monotonic()
    _wait(connection, fleet, "SELECT FROM {schema}.live LIMIT 1", 0, lambda left: on_progress(jobs - left))
    after, wall = processors.read(fleet.pid, backend), time.monotonic() - began
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(load("rate_drain")).fetchone()
    if row is None or row["seconds"] is None:
        raise OptionError("the drain was too short to be measured", hint="pass a larger --jobs")
    return Drain(
        **row,
        worker_cpu=_between(before.fleet, after.fleet),
        server_cpu=_between(before.server, after.server),
        idle=_share(_between(before.idle, after.idle), wall),
        wall=wall,
    )


def idle_latency(fleet: OwnFleet, receiver: socket.socket, jobs: int) -> list[float]:
    """Seconds from the call of enqueue to the handler's first line, for each of ``jobs`` jobs one at a time.

    Raises:
        FleetError: The fleet ended, or did not run a job within a minute.
    """
    found = []
    receiver.settimeout(_PATIENCE)
    for n in range(jobs):
        time.sleep(_PAUSE)
        fleet.check()
        began = time.monotonic_ns()
        ring.enqueue(n=n)
        entered = _heard(receiver, n)
        found.append((entered - began) / 1e9)
    return found


def _heard(receiver: socket.socket, n: int) -> int:
    with suppress(TimeoutError):
        while True:
            told, entered = map(int, receiver.recv(100).split())
            if told == n:  # a job that ran twice tells twice
                return entered
    raise FleetError(f"a job did not begin within {_PATIENCE:g} s")


def count_left(connection: Connection[Any]) -> int:
    """Jobs that have not ended."""
    row = connection.execute(render("SELECT count(*) FROM {schema}.live", SCHEMA)).fetchone()
    return int(row[0]) if row else 0


def _wait(
    connection: Connection[Any], fleet: OwnFleet, look: str, rows: int, on_left: Callable[[int], None] | None = None
) -> None:
    """Until ``look`` finds so many rows."""
    patience = _Patience()
    while connection.execute(render(look, SCHEMA)).rowcount != rows:
        fleet.check()
        if patience.to_count():
            left = count_left(connection)
            patience.learn(left)
            if on_left:
                on_left(left)
        time.sleep(_EVERY)


class _Patience:
    """Decides when to count, and when a fleet that changes nothing counts as stuck."""

    def __init__(self) -> None:
        self._left = -1
        self._counted = self._changed = time.monotonic()

    def to_count(self) -> bool:
        """Whether a count is due."""
        return time.monotonic() - self._counted >= _COUNT_EVERY

    def learn(self, left: int) -> None:
        """Raises FleetError if it has been the same for too long."""
        self._counted = time.monotonic()
        if left != self._left:
            self._left, self._changed = left, self._counted
        if self._counted - self._changed > _PATIENCE:
            raise FleetError(f"the workers completed nothing for {_PATIENCE:g} s; {left:,} jobs are left")


def _between(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else after - before


def _share(idle: float | None, wall: float) -> float | None:
    return None if idle is None else idle / wall / (os.cpu_count() or 1)
