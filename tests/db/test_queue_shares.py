"""A worker's claims from several deep queues: real statements, and who gets his share of them."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from psycopg import Connection

from pooljobs.db.connect import child_pool
from pooljobs.db.statements import Statements
from pooljobs.scoreboard import Scoreboard
from pooljobs_worker.claims.claimer import Claimer
from pooljobs_worker.claims.lanes import Lanes
from pooljobs_worker.session.database_wait import DatabaseWait
from pooljobs_worker.session.worker_session import WorkerSession
from tests.support.claims import insert, register
from tests.support.waiting import wait_until
from tests.support.worker_parts import others_jobs

LIMIT = 5


@pytest.fixture
def session(dsn: str) -> Iterator[tuple[WorkerSession, Scoreboard]]:
    board = Scoreboard.create(1, 10)
    with child_pool(dsn, size=1, application_name="test") as pool:
        session = WorkerSession(
            pool, board.slot(0), wait=DatabaseWait(board.slot(0), logging.getLogger("test")), give_up=lambda: False
        )
        yield session, board
        session.close()
    board.close()


def claimer(session: tuple[WorkerSession, Scoreboard], connection: Connection[Any], weights: dict[str, int]) -> Claimer:
    work, board = session
    board.slot(0).worker_id = register(connection)
    return Claimer(
        work,
        Statements("pooljobs"),
        lanes=Lanes(weights),
        others_jobs=others_jobs(board, board.slot(0)),
        slot=board.slot(0),
    )


def taken(claimer: Claimer, claims: int) -> Counter[str]:
    return Counter(job.queue for _ in range(claims) for job in claimer.claim(LIMIT))


@pytest.mark.parametrize("weights", [{"a": 1, "b": 1}, {"a": 3, "b": 1}, {"a": 1, "b": 2, "c": 5}])
def test_the_shares_of_deep_queues_follow_their_weights(
    connection: Connection[Any], session: tuple[WorkerSession, Scoreboard], weights: dict[str, int]
) -> None:
    for queue in weights:
        insert(connection, 300, queue=queue)
    rounds = 4
    found = taken(claimer(session, connection, weights), rounds * sum(weights.values()))
    assert found == {queue: weight * rounds * LIMIT for queue, weight in weights.items()}


@pytest.mark.hazard("A deep queue keeps its worker from the others")
def test_a_job_behind_a_deep_queue_is_claimed_within_a_round(
    connection: Connection[Any], session: tuple[WorkerSession, Scoreboard]
) -> None:
    insert(connection, 300, queue="a")
    insert(connection, queue="b", priority=4)
    found = taken(claimer(session, connection, {"a": 4, "b": 1}), 5)
    assert found == {"a": 5 * LIMIT - 1, "b": 1}


def test_an_empty_queues_share_is_the_others(
    connection: Connection[Any], session: tuple[WorkerSession, Scoreboard]
) -> None:
    insert(connection, 100, queue="a")
    assert taken(claimer(session, connection, {"a": 1, "b": 9}), 20) == {"a": 100}


def test_within_a_queue_the_smaller_priority_goes_first(
    connection: Connection[Any], session: tuple[WorkerSession, Scoreboard]
) -> None:
    for priority in (2, -3, 0):
        insert(connection, LIMIT, queue="a", priority=priority)
    claiming = claimer(session, connection, {"a": 1, "b": 1})
    found: list[int] = []

    def all_found() -> bool:  # a claim may find its known lane empty, and a sweep may have to be paid for first
        found.extend(job.priority for job in claiming.claim(LIMIT))
        return len(found) == 3 * LIMIT

    wait_until(all_found, what="all jobs to be claimed")
    assert found == [-3] * LIMIT + [0] * LIMIT + [2] * LIMIT
