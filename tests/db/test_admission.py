"""The gate in front of NOTIFY: an enqueue notifies if somebody sleeps who serves its queue, and only then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import Connection, IsolationLevel

from pooljobs.db.schema.migrator import migrate
from pooljobs.db.wire.bulk_copy import Copier, Source
from pooljobs.db.wire.copy_blocks import mixed
from pooljobs.enqueue.caller_connection import CallerConnections
from pooljobs.job.new_job import NewJob
from pooljobs.job.verdict import Verdict
from pooljobs.operations.reader import Reader
from tests.support.claims import SQL, claim, register, scalar, settle_all
from tests.support.hearing import Ear, listening, sleepers, steward_connection
from tests.support.waiting import wait_until

Conn = Connection[Any]


@pytest.fixture
def ear(dsn: str) -> Iterator[Ear]:
    with listening(dsn) as ear:
        yield ear


@pytest.fixture
def steward(dsn: str) -> Iterator[Conn]:
    with steward_connection(dsn) as connection:
        yield connection


def by_statement(connection: Conn, queue: str = "default", delay: float = 0.0, count: int = 1) -> None:
    """As Python's producers do; several jobs go by another statement than one."""
    for _ in range(count):
        CallerConnections("pooljobs").insert_with(connection, NewJob("a", b"{}", queue, delay_secs=delay))


def by_function(connection: Conn, queue: str = "default", delay: float = 0.0, count: int = 1) -> None:
    """As everybody else does."""
    connection.execute(
        "SELECT pooljobs.enqueue('a', queue => %s, delay => make_interval(secs => %s)) FROM generate_series(1, %s)",
        (queue, delay, count),
    )


def by_copy(connection: Conn, queue: str = "default", delay: float = 0.0, count: int = 1) -> None:
    """As a bulk load does: it tells the sleepers itself, in the same transaction."""
    with connection.transaction(), connection.cursor() as cursor:
        when = datetime.now(UTC) + timedelta(seconds=delay)
        with cursor.copy("COPY pooljobs.live (job_type, queue, run_at) FROM STDIN") as copy:
            for _ in range(count):
                copy.write_row(("a", queue, when))
        cursor.execute("SELECT pooljobs.notify_many(ARRAY[%s], ARRAY[%s::timestamptz])", (queue, when))


Way = Callable[..., None]
every_way = pytest.mark.parametrize("enqueue", [by_statement, by_function, by_copy])


@every_way
@pytest.mark.parametrize("count", [1, 3])
def test_a_sleeper_is_told_of_its_queue(connection: Conn, steward: Conn, ear: Ear, enqueue: Way, count: int) -> None:
    sleepers("default", "mail").fall_asleep(steward)
    enqueue(connection, "mail", count=count)
    heard = ear.heard()
    assert set(heard) == {"mail"}
    if enqueue is by_copy:
        assert len(heard) == 1


@pytest.mark.hazard("A notification at an enqueue is missed by one who falls asleep just then")
@every_way
def test_nobody_is_told_while_nobody_sleeps(connection: Conn, steward: Conn, ear: Ear, enqueue: Way) -> None:
    enqueue(connection)
    assert ear.heard() == []
    host = sleepers()
    host.fall_asleep(steward)
    host.stay_awake(steward)
    enqueue(connection, count=2)
    assert ear.heard() == []
    host.fall_asleep(steward)
    enqueue(connection)
    assert ear.heard() == ["default"]


@every_way
def test_a_sleeper_of_another_queue_is_not_told(connection: Conn, steward: Conn, ear: Ear, enqueue: Way) -> None:
    sleepers("mail").fall_asleep(steward)
    enqueue(connection, "default")
    assert ear.heard() == []


@every_way
def test_a_delayed_job_is_told_of_if_it_is_due_before_the_sleep_ends(
    connection: Conn, steward: Conn, ear: Ear, enqueue: Way
) -> None:
    sleepers(seconds=30.0).fall_asleep(steward)
    enqueue(connection, delay=60.0)
    assert ear.heard() == []
    enqueue(connection, delay=5.0)
    assert ear.heard() == ["default"]


def test_the_earliest_of_several_delayed_jobs_counts(connection: Conn, steward: Conn, ear: Ear) -> None:
    sleepers(seconds=30.0).fall_asleep(steward)
    jobs = [NewJob("a", b"{}", delay_secs=delay) for delay in (60.0, 5.0, 90.0)]
    Copier(SQL).copy(connection, Source(mixed(jobs)))
    assert ear.heard() == ["default"]


@every_way
def test_the_flag_of_a_host_that_is_gone_ends_by_itself(
    connection: Conn, steward: Conn, ear: Ear, enqueue: Way
) -> None:
    sleepers(fleet=1).fall_asleep(steward)
    connection.execute("UPDATE pooljobs.idle_hosts SET idle_until = now() - interval '1 second'")
    enqueue(connection)
    assert ear.heard() == []


def test_one_awake_host_does_not_speak_for_another(connection: Conn, steward: Conn, ear: Ear) -> None:
    sleepers(fleet=1).fall_asleep(steward)
    sleepers(fleet=2).fall_asleep(steward)
    sleepers(fleet=1).stay_awake(steward)
    by_statement(connection)
    assert ear.heard() == ["default"]


def test_nothing_is_told_of_what_was_rolled_back(connection: Conn, steward: Conn, ear: Ear) -> None:
    sleepers().fall_asleep(steward)
    with connection.transaction(force_rollback=True):
        by_statement(connection)
    assert ear.heard() == []


@pytest.mark.parametrize("level", [IsolationLevel.REPEATABLE_READ, IsolationLevel.SERIALIZABLE])
@every_way
def test_an_older_snapshot_always_notifies(dsn: str, steward: Conn, ear: Ear, enqueue: Way, level: int) -> None:
    """It reads the flags as they were when it began."""
    with psycopg.connect(dsn) as caller:
        caller.isolation_level = IsolationLevel(level)
        assert scalar(caller, "SELECT count(*) FROM pooljobs.idle_hosts") == 0
        sleepers().fall_asleep(steward)
        enqueue(caller)
        caller.commit()
    assert ear.heard() == ["default"]


@every_way
def test_an_older_snapshot_does_not_notify_while_nobody_sleeps(dsn: str, ear: Ear, enqueue: Way) -> None:
    """Whether anybody does is read at its present value."""
    with psycopg.connect(dsn) as caller:
        caller.isolation_level = IsolationLevel.REPEATABLE_READ
        enqueue(caller)
        caller.commit()
    assert ear.heard() == []


def test_a_host_that_sleeps_shortly_does_not_close_the_gate_for_one_that_sleeps_long(
    connection: Conn, steward: Conn, ear: Ear
) -> None:
    sleepers(fleet=1, seconds=3600.0).fall_asleep(steward)
    sleepers(fleet=2, seconds=1.0).fall_asleep(steward)
    gate = scalar(connection, "SELECT to_timestamp(last_value) - now() FROM pooljobs.idle_until")
    assert gate > timedelta(minutes=50)


def test_hosts_that_fall_asleep_and_wake_at_once_leave_the_gate_open_for_the_one_that_sleeps(
    dsn: str, connection: Conn, steward: Conn, ear: Ear
) -> None:
    """The waking one shuts the gate and has not committed; the other one waits for that, and opens it again."""
    sleepers(fleet=1).fall_asleep(steward)
    with psycopg.connect(dsn) as waking, ThreadPoolExecutor(1) as pool:
        sleepers(fleet=1).stay_awake(waking)
        falling = pool.submit(sleepers(fleet=2).fall_asleep, steward)
        waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        wait_until(lambda: scalar(connection, waits) == 1, what="the other one to wait")
        assert not scalar(connection, "SELECT pooljobs.any_host_idle()")
        waking.commit()
        falling.result(60)
    by_statement(connection)
    assert ear.heard() == ["default"]


def test_a_transaction_that_reads_committed_rows_sees_a_flag_that_is_newer_than_itself(
    dsn: str, steward: Conn, ear: Ear
) -> None:
    with psycopg.connect(dsn) as caller:
        assert scalar(caller, "SELECT count(*) FROM pooljobs.idle_hosts") == 0
        sleepers().fall_asleep(steward)
        by_statement(caller)
        caller.commit()
    assert ear.heard() == ["default"]


@pytest.mark.parametrize("enqueue", [by_statement, by_copy])
def test_a_long_name_is_left_out(connection: Conn, steward: Conn, ear: Ear, enqueue: Way) -> None:
    """A payload of NOTIFY has its limit; an empty one means any queue."""
    name = "é" * 5000
    sleepers("default").fall_asleep(steward)
    connection.execute("INSERT INTO pooljobs.idle_hosts VALUES (left(%s, 900), 7, 'infinity')", (name,))
    enqueue(connection, name[:900])
    assert ear.heard() == [""]


def test_it_can_be_silenced_for_transactions_that_are_prepared(connection: Conn, steward: Conn, ear: Ear) -> None:
    sleepers().fall_asleep(steward)
    connection.execute("SET pooljobs.notify = off")
    by_statement(connection)
    by_function(connection)
    assert ear.heard() == []


def test_a_job_that_is_retried_from_history_is_told_of(connection: Conn, steward: Conn, ear: Ear) -> None:
    worker = register(connection)
    by_statement(connection)
    (job,) = claim(connection, worker) or []
    settle_all(connection, job.settled(Verdict.FAILED))
    sleepers().fall_asleep(steward)
    assert Reader(connection).retry(job.id)
    assert ear.heard() == ["default"]


def test_whoever_may_enqueue_may_read_the_flags(connection: Conn) -> None:
    assert scalar(connection, "SELECT has_table_privilege('public', 'pooljobs.idle_hosts', 'SELECT')")
    assert scalar(connection, "SELECT has_sequence_privilege('public', 'pooljobs.idle_until', 'SELECT')")
    assert not scalar(connection, "SELECT has_table_privilege('public', 'pooljobs.idle_hosts', 'INSERT')")


def test_a_host_that_leaves_and_those_long_gone_are_forgotten(connection: Conn, steward: Conn) -> None:
    for fleet in (1, 2, 3):
        sleepers(fleet=fleet).fall_asleep(steward)
    connection.execute("UPDATE pooljobs.idle_hosts SET idle_until = now() - interval '2 hours' WHERE fleet = 3")
    sleepers(fleet=1).forget(steward)
    assert connection.execute("SELECT fleet FROM pooljobs.idle_hosts").fetchall() == [(2,)]


def test_renewals_are_hot_updates(connection: Conn, steward: Conn) -> None:
    host = sleepers("default", "mail")
    counted = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_xact_user_tables WHERE relname = 'idle_hosts'"
    host.fall_asleep(steward)
    with steward.transaction():
        for _ in range(20):
            host.stay_awake(steward)
            host.fall_asleep(steward)
        updates, hot = steward.execute(counted).fetchone() or (0, 0)
    assert updates == hot >= 80


def test_the_channel_bears_the_schemas_name(empty_dsn: str) -> None:
    odd = 'Odd "name" isn\'t'
    migrate(empty_dsn, odd)
    with psycopg.connect(empty_dsn, autocommit=True) as connection:
        connection.execute('LISTEN "Odd ""name"" isn\'t"')
        ear = Ear(connection)
        connection.execute('INSERT INTO "Odd ""name"" isn\'t".idle_hosts VALUES (\'default\', 1, \'infinity\')')
        connection.execute('SELECT "Odd ""name"" isn\'t".enqueue(\'a\')')
        assert ear.heard() == ["default"]
