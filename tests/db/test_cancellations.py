"""The steward's look at the requests: passed on, carried out, forgotten; and what it costs."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import Connection

from pooljobs.db.connect import pin
from pooljobs.job.verdict import Verdict
from pooljobs.scoreboard import EntryState, Role, Scoreboard, Slot, SlotState
from pooljobs_steward.cancellations import Cancellations
from tests.db.test_cancel import cancel, enqueued, held, job, requests
from tests.db.test_plans import explain, scans_of_live
from tests.support.claims import SQL, Claim, claim, insert, register, scalar, settle_all

Conn = Connection[Any]


@pytest.fixture
def board() -> Iterator[Scoreboard]:
    made = Scoreboard.create(slots=2, entries=4)
    slot = made.slot(0)
    slot.role, slot.state, slot.ordinal = Role.WORKER, SlotState.READY, 1
    yield made
    made.close()


@pytest.fixture
def steward(dsn: str) -> Iterator[Conn]:
    """A connection as a steward's."""
    with psycopg.connect(dsn) as connection:
        connection.commit()
        pin(connection)
        yield connection


@pytest.fixture
def chore(board: Scoreboard) -> Cancellations:
    return Cancellations(SQL, board, logging.getLogger("test"))


def rings(board: Scoreboard) -> bool:
    """Whether the supervisor was woken since the last time this was asked."""
    try:
        return bool(os.read(board.bell.read_fd, 100))
    except BlockingIOError:
        return False


def enter(slot: Slot, run: Claim) -> None:
    slot.hold(0, run.id.bytes, run.fence, run.token)


def test_nothing_to_do(board: Scoreboard, steward: Conn, chore: Cancellations) -> None:
    insert(steward, 3)
    chore.look(steward)
    assert scalar(steward, "SELECT count(*) FROM pooljobs.live") == 3
    assert not rings(board)


def test_a_job_that_runs_here_is_asked_and_the_supervisor_woken(
    board: Scoreboard, steward: Conn, chore: Cancellations, connection: Conn
) -> None:
    run = held(connection)
    enter(board.slot(0), run)
    board.slot(0).mark(0, EntryState.RUNNING)
    cancel(connection, run.id)
    chore.look(steward)
    assert board.slot(0).cancel_asked(0, run.token)
    assert rings(board)
    chore.look(steward)
    assert not rings(board), "asked again although it stands on the scoreboard"
    assert requests(connection) == [(run.id, None)]


def test_a_job_that_runs_elsewhere_is_left_to_its_host(
    board: Scoreboard, steward: Conn, chore: Cancellations, connection: Conn
) -> None:
    run = held(connection)
    cancel(connection, run.id)
    chore.look(steward)
    assert not rings(board)
    assert requests(connection) == [(run.id, None)]
    assert job(connection, run.id) == "running"


@pytest.mark.parametrize("verdict", [Verdict.RELEASED, Verdict.RETRY, Verdict.CRASHED, Verdict.LOST])
def test_a_job_that_came_back_is_cancelled(
    steward: Conn, chore: Cancellations, connection: Conn, verdict: Verdict
) -> None:
    run = held(connection)
    cancel(connection, run.id, "no more")
    settle_all(connection, run.settled(verdict, error="how its run ended"))
    chore.look(steward)
    runs = 1 if verdict in (Verdict.RETRY, Verdict.CRASHED) else 0
    when = "run 2" if runs else "it ran"
    expected = ("cancelled", runs, f"cancelled before {when}: no more\n\nhow its run ended")
    assert job(connection, run.id, "status, attempts, last_error") == expected
    assert requests(connection) == []
    assert scalar(connection, "SELECT count(*) FROM pooljobs.live") == 0


def test_a_claim_that_was_rolled_back_ends_in_a_cancellation(
    dsn: str, steward: Conn, chore: Cancellations, connection: Conn
) -> None:
    job_id = enqueued(connection)
    with psycopg.connect(dsn) as claiming:
        claiming.execute("SELECT 1 FROM pooljobs.live FOR UPDATE")
        cancel(connection, job_id)
        chore.look(steward)
        assert requests(connection) == [(job_id, None)], "it is still locked"
        claiming.rollback()
    chore.look(steward)
    assert job(connection, job_id) == "cancelled"


@pytest.mark.parametrize("verdict", [Verdict.COMPLETED, Verdict.FAILED, Verdict.POISONED])
def test_a_job_that_ended_in_spite_of_it_stays_so(
    steward: Conn, chore: Cancellations, connection: Conn, verdict: Verdict
) -> None:
    run = held(connection)
    cancel(connection, run.id, "too late")
    settle_all(connection, run.settled(verdict, error="its own"))
    before = job(connection, run.id, "status, last_error")
    chore.look(steward)
    assert job(connection, run.id, "status, last_error") == before
    assert requests(connection) == []


@pytest.mark.parametrize(
    ("error", "explained"),
    [
        ("JobCancelled: asked\n\nTraceback\n\\1", "JobCancelled: asked: wrong address\n\nTraceback\n\\1"),
        ("cancelled before it ran", "cancelled before it ran: wrong address"),
        (None, "cancelled: wrong address"),
    ],
)
def test_the_reason_reaches_a_job_that_its_worker_cancelled(
    steward: Conn, chore: Cancellations, connection: Conn, error: str | None, explained: str
) -> None:
    run = held(connection)
    cancel(connection, run.id, "wrong address")
    settle_all(connection, run.settled(Verdict.CANCELLED, error=error))
    chore.look(steward)
    assert job(connection, run.id, "status, last_error") == ("cancelled", explained)
    assert requests(connection) == []


def test_a_request_whose_job_is_nowhere_is_forgotten(steward: Conn, chore: Cancellations, connection: Conn) -> None:
    connection.execute("INSERT INTO pooljobs.cancellations (job_id, reason) VALUES (%s, 'gone')", (UUID(int=1),))
    chore.look(steward)
    assert requests(connection) == []


def test_all_kinds_in_one_look(board: Scoreboard, steward: Conn, chore: Cancellations, connection: Conn) -> None:
    here, back, over = held(connection), held(connection), held(connection)
    enter(board.slot(0), here)
    for run in (here, back, over):
        cancel(connection, run.id)
    settle_all(connection, back.settled(Verdict.RELEASED), over.settled(Verdict.COMPLETED))
    chore.look(steward)
    assert board.slot(0).cancel_asked(0, here.token)
    assert [job(connection, run.id) for run in (here, back, over)] == ["running", "cancelled", "completed"]
    assert requests(connection) == [(here.id, None)]


def test_a_steward_passes_over_what_another_has_in_hand(dsn: str, steward: Conn, connection: Conn) -> None:
    insert(connection, 2)
    runs = claim(connection, register(connection)) or []
    for run in runs:
        cancel(connection, run.id)
    settle_all(connection, *(run.settled(Verdict.RELEASED) for run in runs))
    ids = {"ids": [run.id for run in runs]}
    with psycopg.connect(dsn) as other:
        other.execute("SELECT 1 FROM pooljobs.cancellations WHERE job_id = %s FOR UPDATE", (runs[0].id,))
        steward.execute("SET lock_timeout = '5 s'")
        assert steward.execute(SQL.load("cancel_requested"), ids).fetchall() == [(runs[1].id,)]
    assert steward.execute(SQL.load("cancel_requested"), ids).fetchall() == [(runs[0].id,)]


def test_a_job_that_was_retried_meanwhile_keeps_its_request(steward: Conn, connection: Conn) -> None:
    """Between the look and the deletion it came back to life: the request is about what is live now."""
    job_id = enqueued(connection)
    connection.execute("INSERT INTO pooljobs.cancellations (job_id) VALUES (%s)", (job_id,))
    steward.execute(SQL.load("drop_cancellations"), {"ids": [job_id], "since": "2000-01-01"})
    assert requests(connection) == [(job_id, None)]


def test_a_look_reads_the_requests_and_not_the_backlog(connection: Conn) -> None:
    connection.execute("ANALYZE pooljobs.live")
    insert(connection, 20_000)
    pin(connection)
    connection.execute("INSERT INTO pooljobs.cancellations (job_id) SELECT id FROM pooljobs.live LIMIT 10")
    for verb in ("read_cancellations", "drop_cancellations"):
        ids = [row[0] for row in connection.execute("SELECT job_id FROM pooljobs.cancellations").fetchall()]
        nodes, blocks = explain(connection, SQL.load(verb), {"ids": ids, "since": "2000-01-01"})
        assert {name for _, name in scans_of_live(nodes)} == {"live_pkey"}, verb
        assert blocks < 1000, verb


def test_a_look_at_nothing_touches_next_to_nothing(connection: Conn) -> None:
    insert(connection, 20_000)
    pin(connection)
    _, blocks = explain(connection, SQL.load("read_cancellations"), {})
    assert blocks < 5
