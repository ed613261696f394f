"""Jobs of a type that nobody declares: when they have failed, what is said of them, and how far a look may walk."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from pooljobs.scoreboard import Role, Scoreboard, SlotState
from pooljobs.settings import WorkerSettings
from pooljobs_steward.maintenance import unknown_types
from pooljobs_steward.maintenance.unknown_types import LONGEST, UnknownTypes
from tests.support.claims import FLEET, SQL, claim, declare, insert, register, scalar
from tests.support.hearing import steward_connection

SECONDS = 60.0
LONG_AGO, NEXT_DAY = "2020-01-01", "2020-01-02"
FAILED = "SELECT count(*) FROM pooljobs.history WHERE status = 'failed'"


@pytest.fixture
def board() -> Iterator[Scoreboard]:
    """Of a host of which one worker has met something foreign."""
    with closing(Scoreboard.create(2, 10)) as board:
        slot = board.slot(1)
        slot.role, slot.state, slot.foreign_types = Role.WORKER, SlotState.READY, 1
        yield board


@pytest.fixture
def steward(dsn: str) -> Iterator[Connection[Any]]:
    with steward_connection(dsn) as connection:
        yield connection


def chore(board: Scoreboard, *queues: str, seconds: float = SECONDS, most: int = 100) -> UnknownTypes:
    settings = WorkerSettings(queues=queues or ("default",), unknown_after=seconds)
    return UnknownTypes(SQL, board, settings=settings, log=logging.getLogger("test"), most=most)


def fleet(connection: Connection[Any], *job_types: str, number: int = 1, seen: float = 30.0) -> None:
    """One that declares these types, and was seen until so many seconds from now."""
    connection.execute(SQL.load("renew_fleet"), FLEET | {"fleet": number, "seconds": 1.0})
    declare(connection, *job_types, fleet=number)
    connection.execute(
        "UPDATE pooljobs.fleets SET seen_until = now() + make_interval(secs => %s) WHERE id = %s", (seen, number)
    )


def test_it_has_failed_in_no_run_and_its_error_names_the_type(
    connection: Connection[Any], steward: Connection[Any], board: Scoreboard, caplog: pytest.LogCaptureFixture
) -> None:
    insert(connection, 2, job_type="o'brien", run_at=LONG_AGO, attempts=1, crashes=1, losses=2, last_error="boom")
    chore(board).look(steward)
    row = "SELECT DISTINCT status, attempts, crashes, losses, started_at, worker_id, last_error FROM pooljobs.history"
    error = "no living worker declares the job type 'o''brien' (for 60 s; --unknown-after)"
    assert connection.execute(row).fetchall() == [("failed", 1, 1, 2, None, None, error)]
    assert """jobs failed for good whose type no living worker declares: 2 of "o'brien\"""" in caplog.text


def test_one_of_each_type_is_an_error_in_the_log_and_the_next_line_counts_them(
    connection: Connection[Any], steward: Connection[Any], board: Scoreboard, caplog: pytest.LogCaptureFixture
) -> None:
    insert(connection, 2, job_type="misspelt", run_at=LONG_AGO, max_retries=7, trace_id="t-1")
    insert(connection, 200, job_type="another", run_at=LONG_AGO)
    chore(board, most=1000).look(steward)
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert {vars(each)["job_type"] for each in errors} == {"misspelt", "another"}
    assert len(errors) == 2
    facts = {(vars(each)["event"], vars(each)["queue"], vars(each)["attempt"]) for each in errors}
    assert facts == {("job_failed", "default", 1)}
    chore(board).look(steward)
    known = {row[0] for row in connection.execute("SELECT id::text FROM pooljobs.history").fetchall()}
    assert {vars(each)["job_id"] for each in errors} <= known
    assert "202 of" in caplog.text


def test_of_many_types_the_first_twenty_are_told(
    connection: Connection[Any], steward: Connection[Any], board: Scoreboard, caplog: pytest.LogCaptureFixture
) -> None:
    connection.execute(
        "INSERT INTO pooljobs.live (job_type, run_at) SELECT 'type ' || g, %s FROM generate_series(1, 50) AS g",
        (LONG_AGO,),
    )
    chore(board, most=1000).look(steward)
    told = [vars(record)["job_type"] for record in caplog.records if record.levelno == logging.ERROR]
    assert len(told) == len(set(told)) == 20
    assert "50 of" in caplog.text


def test_the_seconds_count_from_when_it_was_due(
    connection: Connection[Any], steward: Connection[Any], board: Scoreboard
) -> None:
    connection.execute(
        "INSERT INTO pooljobs.live (job_type, created_at, run_at)"
        " SELECT 'foreign', now() - interval '1 day', now() - make_interval(secs => ago)"
        " FROM unnest('{61,59,-10}'::int[]) AS ago"
    )
    chore(board).look(steward)
    assert scalar(connection, FAILED) == 1
    assert scalar(connection, "SELECT min(run_at) > now() - interval '60 s' FROM pooljobs.live")


@pytest.mark.parametrize(("seen", "failed"), [(30.0, 0), (-59.0, 0), (-61.0, 1)])
def test_they_count_from_when_a_living_fleet_declared_its_type_last(
    connection: Connection[Any], steward: Connection[Any], board: Scoreboard, seen: float, failed: int
) -> None:
    """Wherever that fleet works: it serves no queue that this one does."""
    fleet(connection, "far", number=2, seen=seen)
    fleet(connection, "near", number=1)
    insert(connection, job_type="far", run_at=LONG_AGO)
    insert(connection, job_type="near", run_at=LONG_AGO)
    chore(board).look(steward)
    assert scalar(connection, FAILED) == failed
    if failed:
        assert "--unknown-after); declared last at 20" in scalar(connection, "SELECT last_error FROM pooljobs.history")


@pytest.mark.parametrize(("ago", "failed"), [(59, 0), (61, 1)])
def test_what_a_reload_has_dropped_counts_from_then(
    connection: Connection[Any], steward: Connection[Any], board: Scoreboard, ago: int, failed: int
) -> None:
    register(connection, code=2)
    declare(connection, "dropped", code=1)
    declare(connection, "kept", code=2)
    steward.execute(SQL.load("drop_declarations"), {"fleet": 1})
    connection.execute(
        "UPDATE pooljobs.job_types SET declared_until = declared_until - make_interval(secs => %s)"
        " WHERE job_type = 'dropped'",
        (ago,),
    )
    insert(connection, job_type="dropped", run_at=LONG_AGO)
    insert(connection, job_type="kept", run_at=LONG_AGO)
    chore(board).look(steward)
    assert scalar(connection, FAILED) == failed


def test_what_runs_or_is_locked_or_is_to_be_cancelled_is_left_alone(
    dsn: str, connection: Connection[Any], steward: Connection[Any], board: Scoreboard
) -> None:
    insert(connection, 4, job_type="foreign", run_at=LONG_AGO)
    assert claim(connection, register(connection), limit=1)
    ids = [row[0] for row in connection.execute("SELECT id FROM pooljobs.live WHERE worker_id IS NULL").fetchall()]
    connection.execute("INSERT INTO pooljobs.cancellations (job_id) VALUES (%s)", (ids[0],))
    with psycopg.connect(dsn) as other:
        other.execute("SELECT FROM pooljobs.live WHERE id = %s FOR UPDATE", (ids[1],))
        chore(board).look(steward)
    assert connection.execute("SELECT id FROM pooljobs.history").fetchall() == [(ids[2],)]


@pytest.mark.parametrize("idle", ["nothing foreign was met", "--unknown-after 0"])
def test_without_a_reason_it_does_not_look(
    connection: Connection[Any], steward: Connection[Any], board: Scoreboard, idle: str
) -> None:
    insert(connection, job_type="foreign", run_at=LONG_AGO)
    if idle == "--unknown-after 0":
        chore(board, seconds=0.0).look(steward)
    else:
        board.slot(1).foreign_types = 0
        chore(board).look(steward)
    assert scalar(connection, FAILED) == 0


@pytest.mark.hazard("A misspelt type waits for ever")
def test_a_backlog_of_known_jobs_is_walked_through_a_part_at_a_time(
    connection: Connection[Any], steward: Connection[Any], board: Scoreboard
) -> None:
    """In all lanes of all queues, and then again from the beginning, where something has appeared meanwhile."""
    fleet(connection, "known")
    for queue in ("first", "second"):
        for priority in (-4, 0, 4):
            insert(connection, 25, job_type="known", queue=queue, priority=priority, run_at=LONG_AGO)
            insert(
                connection, 1, job_type="foreign", queue=queue, priority=priority, run_at="2020-01-02"
            )  # behind them
    insert(connection, 1, job_type="foreign", queue="not ours", run_at=LONG_AGO)
    looks = chore(board, "first", "none", "second", most=10)
    done, pauses = [], []
    for _ in range(16):
        looks.look(steward)
        looks._price = 0.0
        done.append(scalar(connection, FAILED))
        pauses.append(looks.pause())
    assert all(after - before <= 10 for before, after in zip([0, *done], done, strict=False))
    assert done[0] == 0, "more than ten were looked at"
    assert done[-1] == 6
    assert set(pauses) == {0.0, SECONDS / 20}, "parts follow one another, walks have a pause between"
    insert(connection, 1, job_type="foreign", queue="first", priority=-4, run_at=LONG_AGO)
    for _ in range(16):
        looks.look(steward)
    assert scalar(connection, FAILED) == 7


@pytest.mark.parametrize("case", [("foreign", 100.0), ("known", 500.0)])
def test_each_look_is_paid_for_and_one_in_vain_dearly(
    connection: Connection[Any],
    steward: Connection[Any],
    board: Scoreboard,
    monkeypatch: pytest.MonkeyPatch,
    case: tuple[str, float],
) -> None:
    job_type, pause = case
    fleet(connection, "known")
    insert(connection, job_type=job_type, run_at=LONG_AGO)
    looks = chore(board, seconds=6000.0)
    assert looks.pause() == LONGEST
    now = iter((10.0, 11.0))
    monkeypatch.setattr(unknown_types, "time", SimpleNamespace(monotonic=lambda: next(now)))
    looks.look(steward)
    assert looks.pause() == pytest.approx(pause)


def test_a_missing_partition_of_history_is_made(
    connection: Connection[Any], steward: Connection[Any], board: Scoreboard
) -> None:
    insert(connection, job_type="foreign", run_at=LONG_AGO)
    partitions = connection.execute(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'pooljobs.history'::regclass"
    )
    for (name,) in partitions.fetchall():
        connection.execute(f"DROP TABLE {name}".encode())
    chore(board).look(steward)
    assert scalar(connection, FAILED) == 1


def test_a_name_of_any_length_is_told_by_its_beginning(
    connection: Connection[Any], steward: Connection[Any], board: Scoreboard, caplog: pytest.LogCaptureFixture
) -> None:
    insert(connection, job_type="x" * 100_000, run_at=LONG_AGO)
    connection.execute(
        "INSERT INTO pooljobs.live (job_type, run_at) SELECT n, '2020-01-01' FROM generate_series(1, 50) AS n"
    )
    chore(board).look(steward)
    assert scalar(connection, "SELECT max(length(last_error)) FROM pooljobs.history") < 500
    assert "51 of '1', '10', " in caplog.text
    assert "and 46 more" in caplog.text
