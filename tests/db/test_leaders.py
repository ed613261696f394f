"""What is done for the whole database is done by one steward at a time; what is a host's, by each."""

from __future__ import annotations

import logging
import time
from typing import Any, Final

import pytest
from psycopg import Connection
from psycopg import errors as pg

from pooljobs.db.refusal_log import RefusalLog
from pooljobs_steward.chore_schedule import Chore, ChoreSchedule, Scope
from pooljobs_steward.leaders import Leaders
from tests.support.claims import SQL

Conn = Connection[Any]
LOG: Final = logging.getLogger("test")


def steward(fleet: int, *chores: Chore) -> ChoreSchedule:
    return ChoreSchedule(chores, refusals=RefusalLog(LOG), leaders=Leaders(SQL, fleet))


def test_only_who_leads_may_and_another_one_once_it_resigns(connection: Conn) -> None:
    one, other = Leaders(SQL, 1), Leaders(SQL, 2)
    assert one.lead(connection, "a")
    assert one.lead(connection, "a"), "again, from step to step"
    assert not other.lead(connection, "a")
    assert other.lead(connection, "b"), "each chore has its own"
    other.resign(connection, "a")
    assert not other.lead(connection, "a"), "nobody resigns for another"
    one.resign(connection, "a")
    assert other.lead(connection, "a")


def test_a_leader_that_died_leads_no_longer_than_it_said(connection: Conn) -> None:
    assert Leaders(SQL, 1).lead(connection, "a")
    connection.execute("UPDATE pooljobs.leaders SET until = now()")  # as when its time is over
    assert Leaders(SQL, 2).lead(connection, "a")


def test_a_chore_of_the_database_is_done_by_one_at_a_time_and_a_hosts_by_each(connection: Conn) -> None:
    done: list[str] = []

    def beside(connection: Conn) -> None:
        """While the first steward is in it, the second one comes."""
        done.append("database 1")
        steward(2, *chores(2, lambda _c: done.append("database 2"))).run_due(connection)

    def chores(fleet: int, work: Any) -> list[Chore]:
        of_host = Chore("host's", lambda _c: done.append(f"host {fleet}"), every=600.0)
        return [of_host, Chore("all", work, every=600.0, scope=Scope.DATABASE)]

    first = steward(1, *chores(1, beside))
    first.run_due(connection)
    assert done == ["host 1", "database 1", "host 2"]
    assert first.seconds_to_next() > 500.0
    steward(2, *chores(2, lambda _c: done.append("database 2"))).run_due(connection)
    assert done[-1] == "database 2", "the first one has resigned"


def test_who_may_not_do_a_chore_keeps_nobody_else_from_it(connection: Conn, caplog: pytest.LogCaptureFixture) -> None:
    def refused(_connection: Conn) -> None:
        raise pg.InsufficientPrivilege("not yours")

    done: list[float] = []
    steward(1, Chore("all", refused, every=600.0, scope=Scope.DATABASE)).run_due(connection)
    steward(2, Chore("all", lambda _c: done.append(time.monotonic()), every=600.0, scope=Scope.DATABASE)).run_due(
        connection
    )
    assert len(done) == 1
    assert "; the database's chore 'all' comes again, and the steward goes on" in caplog.text
