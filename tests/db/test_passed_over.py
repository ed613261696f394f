"""What appears behind a floor is claimed within a sweep's interval, though every claim is full without it.

A short claim has a sweep at once, and would show nothing here: so each test keeps its queues deep, and sees that every
claim until then was full. How long it may take in theory is tested without a clock, in
tests/unit/worker/claims/test_lanes.py.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import Connection

from pooljobs.db.connect import child_pool
from pooljobs.db.statements import Statements
from pooljobs.job.verdict import Settlement, Verdict
from pooljobs.scoreboard import Scoreboard
from pooljobs_worker.claims.claimed_job import ClaimedJob
from pooljobs_worker.claims.claimer import Claimer
from pooljobs_worker.claims.lanes import START, SWEEP_LONGEST, Lanes
from pooljobs_worker.session.database_wait import DatabaseWait
from pooljobs_worker.session.worker_session import WorkerSession
from tests.support.claims import insert, register, scalar, settle_all
from tests.support.waiting import wait_until
from tests.support.worker_parts import others_jobs

Conn = Connection[Any]
MakeClaimer = Callable[[Sequence[str]], Claimer]
LIMIT = 5
PAUSE = 0.01
DEEP = 20_000
"""Enough for claims of LIMIT, one each PAUSE, for much longer than the longest interval."""


@pytest.fixture
def make_claimer(dsn: str, connection: Conn) -> Iterator[MakeClaimer]:
    board = Scoreboard.create(1, 10)
    with child_pool(dsn, size=1, application_name="test") as pool:
        session = WorkerSession(
            pool, board.slot(0), wait=DatabaseWait(board.slot(0), logging.getLogger("test")), give_up=lambda: False
        )
        board.slot(0).worker_id = register(connection, job_timeout=600.0)
        yield lambda queues: Claimer(
            session,
            Statements("pooljobs"),
            lanes=Lanes(dict.fromkeys(queues, 1)),
            others_jobs=others_jobs(board, board.slot(0)),
            slot=board.slot(0),
        )
        session.close()
    board.close()


def full_claims(claimer: Claimer, count: int) -> list[ClaimedJob]:
    """Claims that go on and move the floors."""
    jobs = []
    for _ in range(count):
        batch = claimer.claim(LIMIT)
        assert len(batch) == LIMIT
        jobs += batch
    return jobs


def claims_until(claimer: Claimer, wanted: set[bytes]) -> None:
    """Full claims until all of these jobs have come."""
    deadline = time.monotonic() + 10 * SWEEP_LONGEST
    missing = set(wanted)
    while missing:
        assert time.monotonic() < deadline, f"{len(missing)} jobs were passed over"
        missing -= {job.job_id for job in full_claims(claimer, 1)}
        time.sleep(PAUSE)


def new_id(connection: Conn, **columns: Any) -> bytes:
    """A job's id, once it is inserted."""
    insert(connection, job_type="wanted", **columns)
    found: UUID = scalar(connection, "SELECT id FROM pooljobs.live WHERE job_type = 'wanted'")
    return found.bytes


@pytest.mark.hazard(
    "What appears behind a floor (a late commit, a release, a due time in the past, a higher priority, one of "
    "many queues) is never claimed, or only when the queue runs dry",
    closed="a sweep comes while claims are full too, and is due until a claim has got as far as its queue "
    "(`worker/pooljobs_worker/claims/lanes.py`)",
    area="claims",
)
def test_a_commit_that_comes_late(connection: Conn, dsn: str, make_claimer: MakeClaimer) -> None:
    claimer = make_claimer(["default"])
    with psycopg.connect(dsn) as late:
        job = new_id(late)
        insert(connection, DEEP)
        full_claims(claimer, 5)  # the floor is past it now
        late.commit()
    claims_until(claimer, {job})


@pytest.mark.hazard("What appears behind a floor")
def test_a_job_given_back_to_where_it_was(connection: Conn, make_claimer: MakeClaimer) -> None:
    claimer = make_claimer(["default"])
    insert(connection, DEEP)
    jobs = full_claims(claimer, 1)
    full_claims(claimer, 5)
    released = [Settlement(job.job_id, job.fence, job.token, Verdict.RELEASED) for job in jobs]
    assert settle_all(connection, *released) == set()
    claims_until(claimer, {job.job_id for job in jobs})


@pytest.mark.hazard("What appears behind a floor")
def test_a_job_due_in_the_past(connection: Conn, make_claimer: MakeClaimer) -> None:
    claimer = make_claimer(["default"])
    insert(connection, DEEP)
    full_claims(claimer, 5)
    job = new_id(connection, run_at="2020-01-01T00:00:00Z")
    claims_until(claimer, {job})


@pytest.mark.hazard("What appears behind a floor")
def test_a_job_of_a_higher_priority(connection: Conn, make_claimer: MakeClaimer) -> None:
    claimer = make_claimer(["default"])
    insert(connection, DEEP)
    full_claims(claimer, 5)
    job = new_id(connection, priority=-4)
    claims_until(claimer, {job})


@pytest.mark.hazard("What appears behind a floor")
@pytest.mark.parametrize("priority", [0, 4])
def test_a_job_in_one_of_a_hundred_queues_beside_deep_ones(
    connection: Conn, make_claimer: MakeClaimer, priority: int
) -> None:
    """Though a queue's turn comes only now and then: a sweep that was due in between is due then still."""
    queues = [f"q{n}" for n in range(100)]
    claimer = make_claimer(queues)
    connection.execute(
        "INSERT INTO pooljobs.live (job_type, queue) SELECT 'noop', 'q' || n %% 99 FROM generate_series(1, %s) AS n",
        (DEEP,),
    )
    full_claims(claimer, 120)
    job = new_id(connection, queue="q99", priority=priority)
    claims_until(claimer, {job})


def test_jobs_of_a_hundred_queues_are_all_claimed_once(connection: Conn, make_claimer: MakeClaimer) -> None:
    queues = [f"q{n}" for n in range(100)]
    claimer = make_claimer(queues)
    connection.execute(
        "INSERT INTO pooljobs.live (job_type, queue, priority)"
        " SELECT 'noop', 'q' || n % 100, n / 100 % 9 - 4 FROM generate_series(0, 1799) AS n"
    )
    found: list[bytes] = []
    deadline = time.monotonic() + 10 * SWEEP_LONGEST
    while len(found) < 1800:
        assert time.monotonic() < deadline, f"{1800 - len(found)} jobs were passed over"
        batch = claimer.claim(100)
        found += [job.job_id for job in batch]
        if not batch:
            time.sleep(claimer.seconds_to_sweep() or 0.0)
    assert len(set(found)) == 1800


@pytest.mark.hazard("Many jobs that a worker cannot take lie in front of its own")
def test_jobs_that_others_have_locked_are_walked_over_once(
    connection: Conn, dsn: str, make_claimer: MakeClaimer
) -> None:
    """A claim that had to pass them all moves the floor; when they are free again, a sweep finds them."""
    claimer = make_claimer(["default"])
    insert(connection, DEEP)
    with psycopg.connect(dsn) as other:
        other.execute("SELECT FROM pooljobs.live FOR UPDATE")
        assert claimer.claim(LIMIT) == []
        assert claimer._lanes is not None
        assert START not in claimer._lanes.plan(time.monotonic()).floors, "they would be walked over at each claim"
        job = new_id(connection)
        claimer.forget_floors()
        assert [found.job_id for found in claimer.claim(LIMIT)] == [job], "a worker woken for it finds it at once"
    wait_until(lambda: bool(claimer.claim(LIMIT)), what="a sweep")
