"""The steward's services in a real fleet: what hinders them hinders nobody else, and they come back."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection, sql

from pooljobs_steward.maintenance.vacuum import DEAD_ROWS
from tests.support.claims import insert, scalar
from tests.support.serving import Serving, audit_of, counts, enqueue, unfinished
from tests.support.waiting import wait_until

NEVER = ("--poll-interval", "600")
VACUUMS = "SELECT count(*) FROM pg_stat_activity WHERE starts_with(query, 'VACUUM') AND state = 'active'"
DEAD = "SELECT n_dead_tup FROM pg_stat_user_tables WHERE schemaname = 'pooljobs' AND relname = 'live'"


def vacuums(connection: Connection[Any]) -> int:
    return int(scalar(connection, f"{VACUUMS} AND datname = current_database()"))


def make_vacuums_endless(connection: Connection[Any]) -> None:
    """In new sessions of this database; and none but the steward's, which autovacuum might come before."""
    connection.execute("ALTER TABLE pooljobs.live SET (autovacuum_enabled = off)")
    name = sql.Identifier(connection.info.dbname)
    for setting in ("vacuum_cost_delay = '100ms'", "vacuum_cost_limit = 1"):
        connection.execute(sql.SQL("ALTER DATABASE {} SET {}").format(name, sql.SQL(setting)))
    insert(connection, DEAD_ROWS + 5000)
    connection.execute("DELETE FROM pooljobs.live")
    wait_until(lambda: scalar(connection, DEAD) >= DEAD_ROWS, what="the server to know of the dead rows")


@pytest.mark.hazard(
    "A vacuum takes minutes, and the jobs of dead workers wait",
    closed="the steward's maintenance is a thread with a connection of its own "
    "(`supervisor/pooljobs_steward/maintenance/vacuum.py`); at the end it is broken off",
    area="chores",
)
def test_a_dead_workers_job_does_not_wait_for_a_vacuum_nor_does_the_end(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection:
        make_vacuums_endless(connection)
        owner = ("--dsn", dsn)  # before 17 nobody else may vacuum
        with Serving(dsn, tmp_path / "log", *NEVER, *owner) as serving:
            wait_until(lambda: vacuums(connection), what="a vacuum to begin")
            enqueue(connection, "dies_once")
            wait_until(lambda: counts(connection) == {"completed": 1}, what="the job to run again")
            assert vacuums(connection) == 1
            serving.signal(signal.SIGTERM)
            assert serving.ended() == 0
            wait_until(lambda: not vacuums(connection), what="the vacuum to be broken off")
            assert "refused" not in serving.text


def test_the_waker_goes_on_after_what_it_was_refused(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection, Serving(dsn, tmp_path / "log", *NEVER, "--job-timeout", "1.5") as serving:
        connection.execute("ALTER TABLE pooljobs.idle_hosts RENAME TO mislaid")
        refused = 'the database refused: relation "pooljobs.idle_hosts" does not exist'
        wait_until(lambda: refused in serving.text, what="the waker to be refused")
        connection.execute("ALTER TABLE pooljobs.mislaid RENAME TO idle_hosts")
        asleep = "SELECT count(*) FROM pooljobs.idle_hosts WHERE idle_until > clock_timestamp()"
        wait_until(lambda: scalar(connection, asleep), what="the host to sleep again")
        enqueue(connection, "audited")
        wait_until(lambda: not unfinished(connection), what="the job to end")
        assert serving.text.count("; meanwhile idle workers look for jobs by themselves") == 1
        assert "broke" not in serving.text
