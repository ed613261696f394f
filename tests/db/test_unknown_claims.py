"""What a living worker holds without knowing it is given back; a claim on its way never is."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from pooljobs.db.connect import pin
from pooljobs.job.verdict import Verdict
from pooljobs.scoreboard import EntryState
from pooljobs_steward.recovery.unknown_claims import LEAST_PAUSE, MOST_SHARE, SECOND_LOOK, UnknownClaims
from pooljobs_worker.components import Components
from tests.support.claims import SQL, claim, insert, scalar
from tests.support.serving import counts
from tests.support.worker_parts import claimer_of, worker_parts

Conn = Connection[Any]
STRESS = 4.0


@pytest.fixture
def steward(dsn: str) -> Iterator[Conn]:
    with psycopg.connect(dsn) as connection:
        pin(connection)
        yield connection


def strays_of(components: Components, least_age: float = 0.0) -> UnknownClaims:
    return UnknownClaims(components.statements, components.child.board, least_age=least_age)


def held(connection: Conn) -> int:
    return int(scalar(connection, "SELECT count(*) FROM pooljobs.live WHERE worker_id IS NOT NULL"))


@pytest.mark.hazard(
    "A claim commits and its reply is lost: the worker does not know what it holds, and it is renewed for ever",
    closed="the token is released after any error of a claim (`worker/pooljobs_worker/claims/claimer.py`); the "
    "steward gives back what its workers hold and do not know of",
    area="ownership",
)
def test_a_claim_that_its_worker_does_not_know_of_is_given_back_by_the_second_look(
    dsn: str, connection: Conn, steward: Conn
) -> None:
    insert(connection, 3)
    with worker_parts(dsn) as components:
        unknown_claims = strays_of(components)
        pin(connection)
        assert (
            len(claim(connection, components.child.slot.worker_id, limit=2) or []) == 2
        )  # by hand: the worker sent none
        (job,) = claimer_of(components).claim(10)
        components.held.take([job])
        assert unknown_claims.look(steward) == 0
        assert unknown_claims.pause() == SECOND_LOOK
        assert unknown_claims.look(steward) == 2
        assert unknown_claims.pause() == LEAST_PAUSE
        assert unknown_claims.look(steward) == 0
    rows = connection.execute("SELECT status, attempts, crashes, losses FROM pooljobs.jobs ORDER BY 1").fetchall()
    assert rows == [("pending", 0, 0, 0), ("pending", 0, 0, 0), ("running", 1, 0, 0)]


def test_a_young_claim_is_left_alone(dsn: str, connection: Conn, steward: Conn) -> None:
    insert(connection)
    with worker_parts(dsn) as components:
        pin(connection)
        claim(connection, components.child.slot.worker_id)
        unknown_claims = strays_of(components, least_age=60.0)
        assert [unknown_claims.look(steward) for _ in range(3)] == [0, 0, 0]
        connection.execute("UPDATE pooljobs.live SET started_at = now() - interval '61 s'")
        assert [unknown_claims.look(steward) for _ in range(2)] == [0, 1]


def test_the_newest_claim_is_left_alone_until_its_worker_has_sent_another(
    dsn: str, connection: Conn, steward: Conn
) -> None:
    """A worker that was stopped between the server's answer and its own books still runs those jobs."""
    insert(connection, 1)
    with worker_parts(dsn) as components:
        unknown_claims, claimer = strays_of(components), claimer_of(components)
        (job,) = claimer.claim(10)
        assert [unknown_claims.look(steward) for _ in range(3)] == [0, 0, 0]
        components.held.take([job])
        assert claimer.claim(10) == []
        assert [unknown_claims.look(steward) for _ in range(3)] == [0, 0, 0]
        components.held.drop([job.entry])  # now it is forgotten: a bug, or memory that a handler overwrote
        assert [unknown_claims.look(steward) for _ in range(2)] == [0, 1]


def test_a_row_that_changed_hands_between_two_looks_is_left_alone(dsn: str, connection: Conn, steward: Conn) -> None:
    insert(connection)
    with worker_parts(dsn) as components:
        unknown_claims = strays_of(components)
        pin(connection)
        claim(connection, components.child.slot.worker_id)
        assert unknown_claims.look(steward) == 0
        connection.execute("UPDATE pooljobs.live SET fence = fence + 1, token = token + 1")
        assert unknown_claims.look(steward) == 0
        assert held(connection) == 1


def test_looks_are_paced_by_what_they_cost(dsn: str) -> None:
    with worker_parts(dsn) as components:
        unknown_claims = strays_of(components)
        unknown_claims._took = 2.0
        assert unknown_claims.pause() == 2.0 / MOST_SHARE


def test_claims_in_flight_are_never_given_back(dsn: str, connection: Conn, steward: Conn) -> None:
    """Looks at jobs of any age, without a pause, while a worker claims and settles as fast as it can."""
    insert(connection, 3000)
    with worker_parts(dsn) as components:
        unknown_claims, stop = strays_of(components), threading.Event()
        worker = threading.Thread(target=work, args=(components, stop), daemon=True)
        worker.start()
        given_back = looks = 0
        deadline = time.monotonic() + STRESS
        while worker.is_alive() and time.monotonic() < deadline:
            given_back += unknown_claims.look(steward)
            looks += 1
        stop.set()
        worker.join(30)
        slot = components.child.slot
        assert (given_back, slot.lost) == (0, 0)
        assert looks > 20
        assert slot.completed > 200
        assert slot.completed == counts(connection)["completed"]


def work(components: Components, stop: threading.Event) -> None:
    """As the serial executor does, without handlers."""
    claimer = claimer_of(components)
    while not stop.is_set() and (jobs := claimer.claim(10)):
        components.held.take(jobs)
        for job in jobs:
            now_ns = time.monotonic_ns()
            components.child.slot.start(job.entry, now_ns)
            components.child.slot.mark(job.entry, EntryState.DONE)
            components.settler.add(job.settled(Verdict.COMPLETED, started_ns=now_ns), job.entry)
        components.settler.flush()


def test_the_release_needs_no_scan(connection: Conn) -> None:
    insert(connection, 1)
    pin(connection)
    plan = connection.execute(
        b"EXPLAIN " + SQL.load("release_strays"),
        {"ids": ["01a20ab1-682d-759b-8fd5-fbdfa26d9861"], "fences": [1], "tokens": [1]},
    ).fetchall()
    assert not any("Seq Scan" in line for (line,) in plan)
