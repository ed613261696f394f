"""A result that the database refuses, by a trigger of the user's, holds up no other one, and is not lost."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import Connection

from pooljobs.db.connect import pin
from pooljobs.db.store.settlement import SettlementBatch
from pooljobs.job.verdict import Verdict
from pooljobs.scoreboard import EntryState
from pooljobs_steward.recovery.dead_workers import DeadWorkers
from pooljobs_worker.claims.claimed_job import ClaimedJob
from pooljobs_worker.components import Components
from pooljobs_worker.settling import set_aside as module
from tests.support.claims import SQL, claim, insert, register
from tests.support.serving import counts
from tests.support.waiting import wait_until
from tests.support.worker_parts import LOG, claimer_of, worker_parts

Conn = Connection[Any]
TRIGGER = "CREATE TRIGGER no BEFORE INSERT ON pooljobs.history FOR EACH {} EXECUTE FUNCTION no()"
WHICH = "ROW WHEN (new.job_type = 'odd')"
RESULTS = 7


@pytest.fixture
def refusing(connection: Conn) -> Conn:
    """Results of the type ``odd`` are refused; on a connection as a steward's."""
    pin(connection)
    connection.execute("CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''not today''; END'")
    connection.execute(TRIGGER.format(WHICH).encode())
    insert(connection, 3)
    insert(connection, job_type="odd")
    insert(connection, RESULTS - 4)
    return connection


def mend(connection: Conn) -> None:
    connection.execute("DROP TRIGGER no ON pooljobs.history")


@pytest.fixture
def components(dsn: str) -> Iterator[Components]:
    with worker_parts(dsn) as made:
        yield made


def end_all(components: Components) -> ClaimedJob:
    """All jobs are claimed and have completed; the odd one."""
    jobs = claimer_of(components).claim(RESULTS)
    components.held.take(jobs)
    for job in jobs:
        components.child.slot.states[job.entry] = EntryState.DONE
        components.settler.add(job.completed(1), job.entry)
    [odd] = [job for job in jobs if job.job_type == "odd"]
    return odd


@pytest.mark.parametrize("verdict", [Verdict.COMPLETED, Verdict.FAILED])
def test_all_but_the_refused_one_are_settled(refusing: Conn, verdict: Verdict) -> None:
    jobs = claim(refusing, register(refusing)) or []
    settled = SettlementBatch(SQL).settle(refusing, [job.settled(verdict, error="why") for job in jobs])
    [(odd, error)] = settled.hindered.items()
    assert "not today" in str(error)
    assert refusing.execute("SELECT id FROM pooljobs.live").fetchall() == [(UUID(bytes=odd),)]
    assert not settled.refused
    assert not settled.unstorable


def test_where_nothing_can_be_settled_no_result_is_singled_out(refusing: Conn) -> None:
    refusing.execute(TRIGGER.replace("TRIGGER no", "TRIGGER never").format("STATEMENT").encode())
    for count in (1, 3):
        jobs = claim(refusing, register(refusing), limit=count) or []
        with pytest.raises(psycopg.errors.RaiseException, match="not today"):
            SettlementBatch(SQL).settle(refusing, [job.settled(Verdict.COMPLETED) for job in jobs])


@pytest.mark.hazard(
    "A trigger refuses one job's result, and all others of its worker wait",
    closed="it is kept by itself, and tried again (`worker/pooljobs_worker/settling/set_aside.py`)",
    area="rows",
)
def test_the_worker_keeps_it_and_stores_it_once_it_may(
    refusing: Conn, components: Components, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = end_all(components)
    components.settler.flush()
    assert counts(refusing) == {"completed": RESULTS - 1, "running": 1}
    assert [job.job_id for job in components.child.slot.held()] == [odd.job_id], "nobody takes it for forgotten"
    assert [record.message for record in caplog.records] == [
        f"the database refused: not today (in settle.sql); the result of job {odd.id} is kept, and tried again"
    ]
    components.settler.flush()  # too early
    assert components.child.slot.completed == RESULTS - 1
    assert len(components.settler.set_aside) == 1
    mend(refusing)
    monkeypatch.setattr(components.settler.set_aside, "_at", time.monotonic())
    components.settler.flush()
    assert counts(refusing) == {"completed": RESULTS}
    assert components.child.slot.completed == RESULTS
    assert len(components.held) == 0


def test_the_flusher_tries_it_again_while_nothing_else_is_to_be_done(
    refusing: Conn, components: Components, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SHORTEST", 0.05)
    end_all(components)
    components.flusher.start()
    try:
        components.flusher.hand_over()
        assert counts(refusing) == {"completed": RESULTS - 1, "running": 1}
        mend(refusing)
        wait_until(lambda: counts(refusing) == {"completed": RESULTS}, what="the last one to be stored")
    finally:
        components.flusher.stop()


@pytest.mark.hazard("A trigger refuses one job's result")
def test_a_worker_that_leaves_tries_once_more_and_leaves_it_to_its_steward(
    refusing: Conn, components: Components, caplog: pytest.LogCaptureFixture
) -> None:
    """Who settles what the scoreboard says has ended, whatever else its worker held; and gives it to nobody else."""
    caplog.set_level(logging.INFO)
    odd = end_all(components)
    components.settler.flush_last()
    assert "leaving 1 results that the database refuses to the steward" in caplog.text
    slot = components.child.slot
    steward = DeadWorkers(SQL, components.settings.worker, board=components.child.board, log=LOG)
    for _ in range(2):
        with pytest.raises(psycopg.errors.RaiseException, match="not today"):
            steward.release(refusing, slot)
        assert refusing.execute("SELECT id, worker_id FROM pooljobs.live").fetchall() == [(odd.id, slot.worker_id)]
    assert "nothing left to settle" not in caplog.text, "a line a try"
    mend(refusing)
    assert steward.release(refusing, slot)
    assert counts(refusing) == {"completed": RESULTS}


def test_what_a_dead_worker_held_beside_it_is_settled(refusing: Conn, components: Components) -> None:
    end_all(components)
    steward = DeadWorkers(SQL, components.settings.worker, board=components.child.board, log=logging.getLogger("test"))
    with pytest.raises(psycopg.errors.RaiseException, match="not today"):
        steward.release(refusing, components.child.slot)
    assert counts(refusing) == {"completed": RESULTS - 1, "running": 1}
