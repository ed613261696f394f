"""Databases that are set to odd values: sessions of children, and transactions of commands, are as they need to be."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime
from typing import Any, Final

import psycopg
import pytest
from psycopg import Connection

from pooljobs import PoolJobs
from pooljobs.db.connect import child_pool, connect, pinned_transaction
from pooljobs.db.schema.migrator import migrate
from pooljobs.db.session_settings import NEEDED, PINNED
from tests.support.claims import scalar
from tests.support.later import with_migrations
from tests.support.odd_settings import OTHERS, VALUES, needed, odd, set_all, timeouts

PLANNED: Final = {
    "plan_cache_mode": ("force_custom_plan", "force_generic_plan"),
    "enable_indexscan": ("off", "on"),
    "enable_nestloop": ("off", "on"),
    "enable_seqscan": ("on", "off"),
    "enable_bitmapscan": ("on", "off"),
    "enable_hashjoin": ("on", "off"),
    "enable_mergejoin": ("on", "off"),
    "jit": ("on", "off"),
    "default_transaction_isolation": ("serializable", "read committed"),
}


def current(connection: Connection[Any], names: Iterable[str]) -> dict[str, str]:
    return {name: scalar(connection, "SELECT pg_catalog.current_setting(%s)", name) for name in names}


def test_the_odd_values_are_of_all_that_is_said() -> None:
    said = {setting.split(" = ")[0] for setting in NEEDED}
    assert said == VALUES.keys()
    assert {setting.split(" = ")[0] for setting in PINNED} == said | PLANNED.keys()


@pytest.mark.hazard("A database or a role is set to another form of dates")
@pytest.mark.parametrize("relaxed", [False, True])
def test_a_childs_session_is_as_it_needs_to_be(dsn: str, connection: Connection[Any], relaxed: bool) -> None:
    values = VALUES | PLANNED | timeouts(connection)
    set_all(connection, odd(values))
    with connect(dsn) as plain:
        assert current(plain, values) == odd(values)
    with child_pool(dsn, size=1, application_name="test", relaxed=relaxed) as pool, pool.connection() as child:
        assert current(child, values) == needed(values)


def test_a_commands_transaction_is_as_it_needs_to_be_and_nothing_outlives_it(
    dsn: str, connection: Connection[Any]
) -> None:
    set_all(connection, odd(VALUES) | {"default_transaction_isolation": "serializable"})
    with connect(dsn) as command:
        for _ in range(2):
            with pinned_transaction(command):
                assert current(command, VALUES) == needed(VALUES)
                assert scalar(command, "SELECT current_setting('transaction_isolation')") == "read committed"
            assert current(command, VALUES) == odd(VALUES)


def test_applications_work_on_connections_as_they_come(dsn: str, connection: Connection[Any]) -> None:
    """Also when the day's partition is missing, which their cancellation makes."""
    set_all(connection, OTHERS | odd(VALUES))
    when = datetime(2031, 2, 3, 4, 5, 6, 789, tzinfo=UTC)
    with closing(PoolJobs(dsn)) as app, psycopg.connect(dsn) as own:

        @app.job
        def greet(name: str, weight: float = 0.1) -> None: ...

        jobs = [
            greet.enqueue(name="z\u00e4 \u4e2d"),
            greet.enqueue_with(own, name="\\ '' \u00e4"),
            *greet.enqueue_many([{"name": "\\", "weight": 0.1 + 0.2}]),
            greet.options(run_at=when).enqueue(name="later"),
        ]
        own.commit()
        rows = connection.execute("SELECT id, payload, run_at FROM pooljobs.live").fetchall()
        stored = {job_id: (payload, run_at) for job_id, payload, run_at in rows}
        assert [stored[job.id][0]["name"] for job in jobs] == ["z\u00e4 \u4e2d", "\\ '' \u00e4", "\\", "later"]
        assert stored[jobs[2].id][0]["weight"] == 0.1 + 0.2
        assert stored[jobs[3].id][1] == when
        last = "SELECT max(inhrelid::regclass::text) FROM pg_inherits WHERE inhparent = 'pooljobs.history'::regclass"
        while (day := scalar(connection, last)) is not None:
            connection.execute(f"DROP TABLE {day}".encode())
        assert app.cancel(jobs[0].id, reason="\u00e4").value == "cancelled"
        assert scalar(own, "SELECT pooljobs.cancel(%s, %s)", jobs[1].id, "\u00e4") == "cancelled"
        assert scalar(own, "SELECT pooljobs.cancel(pooljobs.enqueue('a', delay => '1 day'))") == "cancelled"
    assert scalar(connection, "SELECT count(*) FROM pooljobs.history") == 3


def test_a_migration_takes_longer_than_a_statement_or_a_transaction_may(
    owner_dsn: str, connection: Connection[Any]
) -> None:
    """In a transaction and outside of one; and so do the turns of those that wait for each other."""
    set_all(connection, dict.fromkeys([*timeouts(connection), "idle_in_transaction_session_timeout"], "1s"))
    head = "-- oldest code: 100\n"
    slow = "DO 'BEGIN PERFORM pg_catalog.pg_sleep(1.5); END'"
    with with_migrations(m0900_inside=head + slow, m0901_outside=f"{head}-- outside a transaction\n{slow}"):
        assert migrate(owner_dsn).applied == ["0900_inside", "0901_outside"]
