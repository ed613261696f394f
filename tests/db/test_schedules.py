"""Schedules in the database: ticks, catching up, overlap, and rows that somebody wrote by hand."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import Connection
from psycopg import errors as pg

from pooljobs import OptionError, PayloadError, PoolJobs, RefusedError
from pooljobs.db.connect import child_pool, connect
from pooljobs.db.error_kinds import passes
from pooljobs.job.unique_rule import UniqueRule
from pooljobs_steward.chore_schedule import make_way
from pooljobs_steward.scheduler.ticks import Ticks
from tests.support.claims import SQL, declare, register, scalar

Conn = Connection[Any]

TICKS = "SELECT array_agg(trace_id ORDER BY trace_id) FROM pooljobs.live"
LOG = logging.getLogger("test")
COUNT = "SELECT count(*) FROM pooljobs.live"
ROW = "SELECT to_jsonb(s) FROM pooljobs.schedules AS s WHERE name = %s"


@pytest.fixture
def app(dsn: str) -> Iterator[PoolJobs]:
    with PoolJobs(dsn) as made:
        yield made


@pytest.fixture
def ticks() -> Ticks:
    return Ticks(SQL, LOG)


@pytest.fixture
def steward(dsn: str) -> Iterator[Conn]:
    """A connection as the steward's is."""
    with connect(dsn, application_name="test") as made:
        yield made


def row(connection: Conn, name: str) -> dict[str, Any]:
    found: dict[str, Any] = scalar(connection, ROW, name)
    return found


def due_since(connection: Conn, name: str, ago: str) -> None:
    connection.execute(
        "UPDATE pooljobs.schedules SET next_at = date_trunc('minute', now()) - %s::interval WHERE name = %s",
        (ago, name),
    )


def test_a_tick_is_a_job_and_what_comes_next_follows_from_it(
    app: PoolJobs, connection: Conn, steward: Conn, ticks: Ticks
) -> None:
    assert app.schedule("s", "send", {"a": 1}, cron="* * * * *")
    assert ticks.enqueue_due(steward), "what is due next is computed first"
    assert scalar(connection, COUNT) == 0
    due_since(connection, "s", "0")
    ticks.enqueue_due(steward)
    found = row(connection, "s")
    tick = datetime.fromisoformat(found["last_tick"])
    assert datetime.fromisoformat(found["next_at"]) == tick + timedelta(minutes=1)
    job = connection.execute("SELECT id, job_type, payload, run_at, trace_id, queue FROM pooljobs.live").fetchone()
    assert job == (
        UUID(found["last_job"]),
        "send",
        {"a": 1},
        tick,
        f"s@{tick.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "default",
    )
    assert not ticks.enqueue_due(steward)


@pytest.mark.parametrize(("catch_up", "jobs"), [("last", 1), ("all", 6), ("none", 0)])
def test_what_was_missed_is_caught_up_with_as_it_says(
    app: PoolJobs, connection: Conn, steward: Conn, catch_up: Any, jobs: int
) -> None:
    app.schedule("s", "send", cron="*/5 * * * *", catch_up=catch_up, overlap="allow")
    connection.execute(
        "UPDATE pooljobs.schedules SET next_at = to_timestamp(floor(extract(epoch FROM now()) / 300) * 300 - 1500)"
    )
    now = scalar(connection, "SELECT now() - to_timestamp(floor(extract(epoch FROM now()) / 300) * 300)")
    Ticks(SQL, LOG).enqueue_due(steward)
    expected = jobs + (1 if catch_up == "none" and now < timedelta(seconds=60) else 0)
    assert scalar(connection, COUNT) in ({expected} if now < timedelta(seconds=290) else {expected, expected + 1})
    assert datetime.fromisoformat(row(connection, "s")["next_at"]) > scalar(connection, "SELECT now()")


def test_where_jobs_may_not_overlap_all_that_was_missed_is_the_latest(
    app: PoolJobs, connection: Conn, steward: Conn, ticks: Ticks
) -> None:
    app.schedule("s", "send", cron="0 * * * *", catch_up="all")
    connection.execute("UPDATE pooljobs.schedules SET next_at = date_trunc('hour', now() - interval '1 day')")
    ticks.enqueue_due(steward)
    (only,) = scalar(connection, TICKS)
    assert datetime.fromisoformat(only.removeprefix("s@")) + timedelta(hours=1) == datetime.fromisoformat(
        row(connection, "s")["next_at"]
    )


def test_a_look_that_takes_long_leaves_the_others_to_the_next_one(
    app: PoolJobs, connection: Conn, steward: Conn, ticks: Ticks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{Ticks.__module__}.LONGEST_LOOK", -1.0)
    for name in "abc":
        app.schedule(name, "send", every=3600, overlap="allow")
        due_since(connection, name, "0")
    for count in (1, 2, 3):
        assert ticks.enqueue_due(steward)
        assert scalar(connection, COUNT) == count
    assert not ticks.enqueue_due(steward)


def test_while_the_job_before_has_not_ended_a_tick_is_skipped_unless_it_is_allowed(
    app: PoolJobs, connection: Conn, steward: Conn, ticks: Ticks
) -> None:
    app.schedule("skip", "send", every=1)
    app.schedule("allow", "send", every=1, overlap="allow")
    for _ in range(3):
        connection.execute("UPDATE pooljobs.schedules SET next_at = date_trunc('second', now())")
        ticks.enqueue_due(steward)
    counted = "SELECT count(*) FROM pooljobs.live WHERE trace_id LIKE %s"
    assert (scalar(connection, counted, "skip@%"), scalar(connection, counted, "allow@%")) == (1, 3)
    assert row(connection, "skip")["skipped_tick"]
    connection.execute("DELETE FROM pooljobs.live")
    connection.execute("UPDATE pooljobs.schedules SET next_at = date_trunc('second', now())")
    ticks.enqueue_due(steward)
    assert scalar(connection, counted, "skip@%") == 1


NONSENSE = {
    "cron": "cron = 'every day'",
    "never": "cron = '0 0 30 2 *'",
    "neither": "cron = NULL",
    "both": "every = 60",
    "zone": "tz = 'Mars/Olympus'",
    "interval": "cron = NULL, every = 'NaN'",
    "backwards": "cron = NULL, every = -1",
    "at once": "cron = NULL, every = 0",
    "jitter": "jitter = 'Infinity', next_at = now() - interval '1 minute'",
    "before all time": "next_at = '-infinity'",
    "before Christ": "next_at = '4000-01-01 BC'",
    "queue": "queue = '', next_at = now() - interval '1 minute'",
    "priority": "priority = 99, next_at = now() - interval '1 minute'",
    "type": "job_type = '', next_at = now() - interval '1 minute'",
    "runs": "max_retries = 0, next_at = now() - interval '1 minute'",
}


@pytest.mark.hazard(
    "Somebody edits a schedule by hand into nonsense, and no schedule is enqueued any more",
    closed="each is computed and enqueued in a savepoint of its own; what fails is told in its row, and tried again a "
    "minute later (`supervisor/pooljobs_steward/scheduler/ticks.py`)",
    area="schedules",
)
def test_rows_that_were_edited_into_nonsense_stop_only_themselves(
    app: PoolJobs, connection: Conn, steward: Conn, ticks: Ticks
) -> None:
    for name in NONSENSE:
        app.schedule(name, "send", cron="* * * * *")
    app.schedule("whole", "send", cron="* * * * *")
    ticks.enqueue_due(steward)
    for name, edit in NONSENSE.items():
        connection.execute(f"UPDATE pooljobs.schedules SET {edit} WHERE name = '{name}'".encode())
    due_since(connection, "whole", "0")
    while ticks.enqueue_due(steward):
        pass
    assert len(scalar(connection, TICKS)) == 1
    assert scalar(connection, TICKS)[0].startswith("whole@")
    assert row(connection, "whole")["error"] is None
    for name in NONSENSE:
        assert row(connection, name)["error"], name
    assert "America/New_York" in row(connection, "zone")["error"], "and what to do"
    connection.execute(
        "UPDATE pooljobs.schedules SET cron = '* * * * *', every = NULL, tz = 'UTC', jitter = 0, queue = NULL,"
        " priority = 0, job_type = 'send', max_retries = NULL, next_at = date_trunc('minute', now())"
    )
    while ticks.enqueue_due(steward):
        pass
    assert scalar(connection, "SELECT count(*) FROM pooljobs.schedules WHERE error IS NOT NULL") == 0
    assert scalar(connection, COUNT) >= len(NONSENSE) + 1


@pytest.mark.hazard(
    "A schedule's job is unique, somebody's open transaction holds its key, and no schedule is enqueued any more",
    closed="who meets a lock is put off for three seconds, alone, and told in its row "
    "(`supervisor/pooljobs_steward/scheduler/ticks.py`)",
    area="schedules",
)
def test_one_whose_job_waits_for_a_lock_stops_only_itself(
    app: PoolJobs, dsn: str, connection: Conn, steward: Conn, ticks: Ticks
) -> None:
    make_way(steward)
    register(connection)
    declare(connection, "sync", unique=UniqueRule().published())
    for name, job_type in ("before", "send"), ("held", "sync"), ("whole", "send"):
        app.schedule(name, job_type, every=60, overlap="allow")
    ticks.enqueue_due(steward)
    for name, ago in ("before", "3 min"), ("held", "2 min"), ("whole", "0"):
        due_since(connection, name, ago)
    with psycopg.connect(dsn) as caller:
        caller.execute("SELECT pooljobs.enqueue('sync')")
        while ticks.enqueue_due(steward):
            pass
        assert {name.split("@")[0] for name in scalar(connection, TICKS)} == {"before", "whole"}
        assert "somebody's lock" in row(connection, "held")["error"]
        caller.rollback()
    connection.execute("UPDATE pooljobs.schedules SET retry_at = now() WHERE name = 'held'")
    assert ticks.enqueue_due(steward)
    assert row(connection, "held")["error"] is None
    assert scalar(connection, "SELECT count(*) FROM pooljobs.live WHERE job_type = 'sync'") == 1


def test_an_edit_by_hand_is_in_force_at_the_next_look(
    app: PoolJobs, connection: Conn, steward: Conn, ticks: Ticks
) -> None:
    app.schedule("s", "send", cron="0 3 * * *", tz="Europe/Berlin")
    ticks.enqueue_due(steward)
    before = row(connection, "s")["next_at"]
    connection.execute("UPDATE pooljobs.schedules SET cron = '30 4 * * *'")
    assert row(connection, "s")["next_at"] is None
    ticks.enqueue_due(steward)
    assert row(connection, "s")["next_at"] != before
    connection.execute("UPDATE pooljobs.schedules SET next_at = '2026-01-01 00:00Z', paused_at = now()")
    assert not ticks.enqueue_due(steward)
    connection.execute("UPDATE pooljobs.schedules SET paused_at = NULL")
    assert ticks.enqueue_due(steward)
    assert scalar(connection, COUNT) == 0, "what came during a pause is not caught up with"


@pytest.mark.hazard(
    "A tick of a schedule is enqueued twice, or by nobody, when several hosts' stewards tick and die at it",
    closed="who locks the row first enqueues the job and writes the next tick in one transaction "
    "(`find_due_schedules.sql`, `enqueue_tick.sql`, `advance_schedule.sql`)",
    area="schedules",
)
def test_each_tick_is_one_job_over_three_stewards_whose_sessions_are_cut(dsn: str, connection: Conn) -> None:
    """Sixteen schedules a second apart in time, sixty ticks behind: each look of a steward enqueues some of them."""
    with connection.transaction():
        connection.execute(
            "INSERT INTO pooljobs.schedules (name, job_type, every, catch_up, overlap, next_at)"
            " SELECT 's' || n, 'send', 1, 'all', 'allow', date_trunc('second', now()) - interval '9 s'"
            " FROM generate_series(1, 16) AS n"
        )
    begin = scalar(connection, "SELECT min(next_at) FROM pooljobs.schedules")
    stopping, cut = threading.Event(), [0]

    def steward() -> None:
        ticks = Ticks(SQL, LOG)
        while not stopping.is_set():
            try:
                with connect(dsn, application_name="steward under test") as own:
                    while not stopping.wait(0.01):
                        ticks.enqueue_due(own)
            except psycopg.Error:
                cut[0] += 1

    stewards = [threading.Thread(target=steward) for _ in range(3)]
    for each in stewards:
        each.start()
    ends, waits = begin + timedelta(seconds=14), begin + timedelta(seconds=100)
    while (now := scalar(connection, "SELECT clock_timestamp()")) < ends or (cut[0] < 3 and now < waits):
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'steward under test'"
            " AND datname = current_database() AND state = 'active' ORDER BY random() LIMIT 1"
        )
        stopping.wait(0.05)
    stopping.set()
    for each in stewards:
        each.join()
    assert cut[0] >= 3
    gaps = connection.execute(
        "SELECT s.name FROM pooljobs.schedules AS s LEFT JOIN LATERAL ("
        " SELECT count(*) AS jobs, count(DISTINCT l.trace_id) AS ticks, min(l.run_at) AS first, max(l.run_at) AS last"
        " FROM pooljobs.live AS l WHERE starts_with(l.trace_id, s.name || '@')) AS j ON true"
        " WHERE j.jobs <> j.ticks OR j.first <> %s OR j.last <> s.next_at - interval '1 s'"
        " OR j.jobs <> extract(epoch FROM s.next_at - %s)",
        (begin, begin),
    ).fetchall()
    assert gaps == []
    assert scalar(connection, COUNT) >= 16 * 10


@pytest.mark.hazard(
    "A host is frozen while its steward is in the middle of a transaction",
    closed="the server ends a session of ours that is idle in a transaction (`shared/pooljobs/db/session_settings.py`)",
    area="rows",
)
def test_a_steward_that_was_stopped_in_its_transaction_holds_no_tick_up(
    app: PoolJobs, dsn: str, connection: Conn, steward: Conn, ticks: Ticks
) -> None:
    """It is ended; another one does what it had locked, and so does who changes the schedule by hand."""
    app.schedule("s", "send", every=60, overlap="allow")
    due_since(connection, "s", "1 min")
    with child_pool(dsn, size=1, application_name="frozen") as pool:
        frozen = pool.getconn()
        frozen.execute("BEGIN")
        assert len(frozen.execute(SQL.load("find_due_schedules"), {"most": 1}).fetchall()) == 1
        assert not ticks.enqueue_due(steward)
        app.schedule("s", "send", every=120, overlap="allow")  # waits for the row
        with pytest.raises(psycopg.Error) as ended:
            frozen.execute("SELECT 1")
        pool.putconn(frozen)
    assert passes(ended.value)
    due_since(connection, "s", "1 min")
    assert ticks.enqueue_due(steward)
    assert scalar(connection, COUNT) >= 1


def test_a_clock_that_is_set_back_repeats_nothing(app: PoolJobs, connection: Conn, steward: Conn, ticks: Ticks) -> None:
    """What a clock that goes ahead has enqueued is done; back again, the next tick is as far away as that was."""
    app.schedule("s", "send", every=60, overlap="allow")
    ahead = scalar(connection, "SELECT to_timestamp(ceil(extract(epoch FROM now()) / 60) * 60 + 3600)")
    connection.execute(
        "UPDATE pooljobs.schedules SET last_tick = %s, next_at = %s", (ahead, ahead + timedelta(minutes=1))
    )
    for _ in range(3):
        assert not ticks.enqueue_due(steward)
    assert scalar(connection, COUNT) == 0


def test_nothing_of_a_tick_stays_where_the_transaction_does_not_commit(
    app: PoolJobs, connection: Conn, steward: Conn, ticks: Ticks
) -> None:
    app.schedule("s", "send", every=60)
    due_since(connection, "s", "0")
    before = row(connection, "s")
    with steward.transaction(force_rollback=True):
        ticks.enqueue_due(steward)
    assert (row(connection, "s"), scalar(connection, COUNT)) == (before, 0)


class TestTheDoor:
    def test_a_stored_schedule_is_replaced_and_removed(self, app: PoolJobs, connection: Conn) -> None:
        assert app.schedule("s", "send", every=60)
        assert not app.schedule("s", "send", {"a": 1}, cron="@daily", tz="Europe/Berlin")
        found = row(connection, "s")
        assert (found["cron"], found["every"], found["tz"], found["payload"]) == (
            "@daily",
            None,
            "Europe/Berlin",
            {"a": 1},
        )
        assert app.unschedule("s")
        assert not app.unschedule("s")

    def test_with_the_callers_transaction(self, dsn: str, connection: Conn) -> None:
        with psycopg.connect(dsn) as caller:
            assert PoolJobs().schedule_with(caller, "s", "send", every=60)
            caller.rollback()
        assert scalar(connection, "SELECT count(*) FROM pooljobs.schedules") == 0

    def test_what_is_wrong_is_refused_at_once(self, app: PoolJobs) -> None:
        @app.job
        def send(to: str) -> None: ...

        with pytest.raises(PayloadError, match="send: "):
            app.schedule("s", send, {"too": 1}, every=60)
        with pytest.raises(OptionError, match="'25' is no hour"):
            app.schedule("s", send, {"to": "a"}, cron="0 25 * * *")
        with pytest.raises(OptionError, match="time and trace id"):
            app.schedule("s", send.options(delay=3), {"to": "a"}, every=60)
        with pytest.raises(OptionError, match="no unique_key and no tags"):
            app.schedule("s", send.options(unique_key="a", tags=["a"]), {"to": "a"}, every=60)
        with pytest.raises(OptionError, match="cannot store"):
            app.unschedule("a\0")

    def test_options_of_a_task_are_those_of_its_jobs(
        self, app: PoolJobs, connection: Conn, steward: Conn, ticks: Ticks
    ) -> None:
        @app.job
        def send(to: str) -> None: ...

        app.schedule("s", send.options(queue="mail", priority=2, max_retries=7), {"to": "a"}, every=60)
        due_since(connection, "s", "0")
        ticks.enqueue_due(steward)
        job = connection.execute("SELECT queue, priority, max_retries FROM pooljobs.live").fetchone()
        assert job == ("mail", 2, 7)

    def test_one_that_the_code_declares_is_neither_replaced_nor_removed(self, app: PoolJobs, connection: Conn) -> None:
        connection.execute(
            "INSERT INTO pooljobs.schedules (name, app, job_type, every) VALUES ('s', 'default', 't', 60)"
        )
        with pytest.raises(RefusedError, match="declared in code"):
            app.schedule("s", "send", every=60)
        with pytest.raises(RefusedError, match="declared in code"):
            app.unschedule("s")
        connection.execute("UPDATE pooljobs.schedules SET retired_at = now()")
        assert app.unschedule("s")

    def test_by_sql(self, connection: Conn) -> None:
        assert scalar(connection, "SELECT pooljobs.schedule('s', 'send', '{\"a\": 1}', every => '5 minutes')")
        assert scalar(connection, "SELECT pooljobs.pause_schedule('s', 'a reason')")
        assert row(connection, "s")["paused_by"] == connection.info.user
        assert scalar(connection, "SELECT pooljobs.pause_schedule('s', by => 'another')"), (
            "there is one, paused as it was"
        )
        assert (row(connection, "s")["paused_by"], row(connection, "s")["paused_reason"]) == (
            connection.info.user,
            "a reason",
        )
        assert scalar(connection, "SELECT pooljobs.resume_schedule('s')")
        assert scalar(connection, "SELECT pooljobs.edit_schedule('s', cron => '@daily')")
        assert scalar(connection, "SELECT pooljobs.run_schedule('s')") == scalar(
            connection, "SELECT id FROM pooljobs.live"
        )
        assert scalar(connection, "SELECT pooljobs.unschedule('s')")
        assert scalar(connection, "SELECT pooljobs.run_schedule('s')") is None
        for wrong in ("", ", cron => '@daily', every => '1 s'", ", every => '0.5 s'"):
            with pytest.raises(pg.InvalidParameterValue):
                connection.execute(f"SELECT pooljobs.schedule('s', 'send'{wrong})".encode())
