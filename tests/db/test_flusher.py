"""The flusher's thread outlives what goes wrong in it: results are stored, and the lease is renewed, afterwards."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import Connection

from pooljobs.job.verdict import Settlement, Verdict
from pooljobs_worker.claims.lost_claims import LostClaims
from pooljobs_worker.components import Components
from pooljobs_worker.session.worker_session import GaveUpError
from pooljobs_worker.settling.flusher import Flusher
from pooljobs_worker.settling.settler import Settler
from tests.support.claims import insert
from tests.support.serving import counts
from tests.support.waiting import wait_until
from tests.support.worker_parts import LOG, claimer_of, worker_parts

SOME = 3


class Failing(Settler):
    """A real settler, the first flushes of which meet an error on their way to the database."""

    error: Exception
    left = SOME

    def _settle(self, batch: Any) -> None:
        if self.left:
            self.left -= 1
            raise self.error
        super()._settle(batch)


@contextmanager
def flushing(
    components: Components, settler: Settler, *, behind: bool = False, working: bool = True
) -> Iterator[Flusher]:
    flusher = Flusher(settler, components.lease, exhaustion=components.exhaustion, log=LOG, behind=behind)
    flusher.start()
    flusher.busy(working=working)
    try:
        yield flusher
    finally:
        flusher.stop()


def failing(components: Components, error: Exception) -> Failing:
    made = Failing(
        components.session,
        components.statements,
        child=components.child,
        held=components.held,
        lease=components.lease,
        lost_claims=LostClaims(components.statements, components.child.slot, components.log),
        log=components.log,
    )
    made.error = error
    return made


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("can't start new thread"), GaveUpError()], ids=repr)
def test_an_error_that_passes_costs_no_result(
    error: Exception, dsn: str, connection: Connection[Any], caplog: pytest.LogCaptureFixture
) -> None:
    insert(connection, 1)
    with caplog.at_level(logging.ERROR), worker_parts(dsn) as components:
        settler = failing(components, error)
        (job,) = claimer_of(components).claim(10)
        components.held.take([job])
        with flushing(components, settler):
            settler.add(job.settled(Verdict.COMPLETED, started_ns=time.monotonic_ns()), job.entry)
            wait_until(lambda: counts(connection) == {"completed": 1}, what="the flusher to try again")
        assert components.child.slot.held() == []
    told = [record for record in caplog.records if "settling failed" in record.message]
    assert len(told) == (0 if isinstance(error, GaveUpError) else 1), "a series is told once"


@pytest.mark.hazard("The steward renews a worker that hangs outside a handler")
def test_the_lease_is_renewed_while_a_settlement_keeps_failing(dsn: str, connection: Connection[Any]) -> None:
    insert(connection, 1)
    with worker_parts(dsn) as components:
        settler = failing(components, MemoryError())
        settler.left = 10**9
        (job,) = claimer_of(components).claim(10)
        components.held.take([job])
        with flushing(components, settler):
            settler.add(job.settled(Verdict.COMPLETED, started_ns=time.monotonic_ns()), job.entry)
            wait_until(lambda: settler.left < 10**9, what="a settlement to fail")
            components.child.slot.leased_until_ns = before = time.monotonic_ns() + 1_000_000_000
            wait_until(lambda: components.child.slot.leased_until_ns > before, what="the lease to be renewed")


def take_one(components: Components) -> Settlement:
    """A claimed job that has completed, and is with the settler of the parts."""
    (job,) = claimer_of(components).claim(1)
    components.held.take([job])
    return job.settled(Verdict.COMPLETED, started_ns=time.monotonic_ns())


@contextmanager
def locked(dsn: str, job_id: bytes) -> Iterator[None]:
    """Somebody else has the row."""
    with psycopg.connect(dsn) as other:
        other.execute("SELECT 1 FROM pooljobs.live WHERE id = %s FOR UPDATE", (UUID(bytes=job_id),))
        yield


def test_what_is_handed_over_is_settled_while_the_caller_claims(dsn: str, connection: Connection[Any]) -> None:
    insert(connection, 2)
    with (
        worker_parts(dsn, sessions=2) as components,
        flushing(components, components.settler, behind=True, working=False) as flusher,
    ):
        first = take_one(components)
        components.settler.add(first, 0)
        with locked(dsn, first.job_id):
            flusher.hand_over()
            assert len(claimer_of(components).claim(1)) == 1, "the claim waited for the settlement, or found nothing"
            assert counts(connection) == {"running": 2}
        flusher.catch_up()
        assert counts(connection) == {"completed": 1, "running": 1}


def test_with_one_session_it_is_settled_at_once(dsn: str, connection: Connection[Any]) -> None:
    insert(connection, 1)
    with worker_parts(dsn) as components, flushing(components, components.settler, working=False) as flusher:
        components.settler.add(take_one(components), 0)
        flusher.hand_over()
        assert counts(connection) == {"completed": 1}


def test_an_error_that_lasts_reaches_the_main_thread(dsn: str, connection: Connection[Any]) -> None:
    insert(connection, 1)
    with worker_parts(dsn, sessions=2) as components:
        settler = failing(components, MemoryError())
        settler.left = 10**9
        with flushing(components, settler, behind=True, working=False) as flusher:
            settler.add(take_one(components), 0)
            flusher.hand_over()
            with pytest.raises(MemoryError):
                flusher.catch_up()
            settler.left = 0
            flusher.catch_up()
        assert counts(connection) == {"completed": 1}, "the result was lost"
