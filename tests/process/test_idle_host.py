"""What an idle host costs its database: next to nothing, however many workers it has."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from pooljobs.db.schema.migrator import migrate
from pooljobs.embedded import acquire
from tests.process.test_wakeups_many import until_asleep
from tests.support.claims import scalar
from tests.support.embedded import FAST
from tests.support.serving import Serving, audit_of, counts, enqueue
from tests.support.waiting import wait_until

PROCS = 6
WINDOW = 10.0
"""Seconds: a third of a lease, so that what is done at that rhythm is in each."""

WINDOWS = 4
"""The quietest counts: others' transactions are counted too, when somebody comes by."""

MOST = 1.2
"""Transactions a second."""

SCHEDULES = (
    "INSERT INTO pooljobs.schedules (name, job_type, cron)"
    " SELECT 's' || n, 'audited', '0 0 1 ' || n % 12 + 1 || ' *' FROM generate_series(1, 100) AS n"
)
"""None of which is due while it is counted."""

ENDED = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = %s"


@pytest.fixture
def lone_dsn(embedded_root: Path) -> Iterator[str]:
    """On a server of its own. In the run's server other tests have transactions that are old, and an idle host looks
    again until they are over; autovacuum's transactions in a new database are no host's, and more than a host's.
    """
    with acquire(embedded_root, settings={**FAST, "autovacuum": "off"}) as server:
        migrate(server.dsn)
        yield server.dsn


def test_an_idle_host_costs_about_a_statement_a_second_however_many_workers_and_schedules_it_has(
    lone_dsn: str, tmp_path: Path
) -> None:
    """Counted from another database, so that the counting does not count."""
    with Serving(lone_dsn, tmp_path / "log", "--procs", str(PROCS)):
        with audit_of(lone_dsn) as connection:
            connection.execute(SCHEDULES.encode())
            enqueue(connection, "audited", 20)
            wait_until(lambda: counts(connection) == {"completed": 20}, what="the jobs to run")
            until_asleep(connection)
            name = connection.info.dbname
        with psycopg.connect(lone_dsn, dbname="template1", autocommit=True) as counting:
            rates: list[float] = []
            while len(rates) < WINDOWS and min(rates, default=MOST + 1) > MOST:
                before, began = scalar(counting, ENDED, name), time.monotonic()
                time.sleep(WINDOW)
                rates.append((scalar(counting, ENDED, name) - before) / (time.monotonic() - began))
        with psycopg.connect(lone_dsn) as looking:
            assert scalar(looking, "SELECT count(*) FROM pooljobs.schedules WHERE next_at > now()") == 100
        assert min(rates) <= MOST, f"{rates} transactions a second"
