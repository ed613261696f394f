"""A worker with a new connection asks which of its claims the database still knows."""

from __future__ import annotations

from typing import Any

import pytest
from psycopg import Connection

from pooljobs.job.verdict import Verdict
from pooljobs.scoreboard import EntryState
from pooljobs_worker.claims.claimed_job import ClaimedJob
from pooljobs_worker.components import Components
from tests.support.claims import insert
from tests.support.serving import counts
from tests.support.waiting import wait_until
from tests.support.worker_parts import claimer_of, worker_parts

UNDO = "UPDATE pooljobs.live SET worker_id = NULL, token = NULL, fence = fence - 1 WHERE id = ANY (%s)"
CUT = "SELECT pg_terminate_backend(%s)"


def claimed(components: Components, connection: Connection[Any], count: int) -> list[ClaimedJob]:
    insert(connection, count)
    jobs = claimer_of(components).claim(count)
    components.held.take(jobs)
    assert len(jobs) == count
    return jobs


def cut(components: Components, connection: Connection[Any]) -> None:
    connection.execute(CUT, (int(components.child.slot.backends[0]),))


@pytest.mark.hazard("The worker of a claim that a server crash forgot runs its jobs all the same")
def test_what_was_undone_and_has_not_begun_is_not_to_run(
    dsn: str, connection: Connection[Any], caplog: pytest.LogCaptureFixture
) -> None:
    with worker_parts(dsn) as components:
        slot = components.child.slot
        jobs = claimed(components, connection, 5)
        slot.mark(jobs[0].entry, EntryState.RUNNING)
        connection.execute(UNDO, ([job.id for job in jobs[:3]],))
        cut(components, connection)
        components.session.run(lambda session: session.execute("SELECT 1"))
        assert [slot.cancel_asked(job.entry, job.token) for job in jobs] == [False, True, True, False, False]
        assert "no longer knows of 2 claims" in caplog.text
        components.settler.add(jobs[0].settled(Verdict.COMPLETED, started_ns=1), jobs[0].entry)
        for job in jobs[1:]:
            asked = slot.cancel_asked(job.entry, job.token)
            components.settler.add(job.cancelled_unrun() if asked else job.settled(Verdict.RELEASED), job.entry)
        components.settler.flush()
        assert counts(connection) == {"pending": 5}, "refused, and nothing was cancelled"
        assert caplog.text.count("was lost to another worker") == 1, "the one that ran"
        assert len(components.held) == 0


def test_claims_that_stand_are_left_alone(dsn: str, connection: Connection[Any]) -> None:
    with worker_parts(dsn) as components:
        jobs = claimed(components, connection, 3)
        cut(components, connection)
        components.session.run(lambda session: session.execute("SELECT 1"))
        assert not any(components.child.slot.cancel_asked(job.entry, job.token) for job in jobs)


def test_an_end_that_nobody_waits_for_is_noticed(dsn: str, connection: Connection[Any]) -> None:
    """While a handler runs for long nobody uses the connection."""

    def noticed() -> bool:
        components.session.probe()
        return int(components.child.slot.backends[0]) != before

    with worker_parts(dsn) as components:
        before = int(components.child.slot.backends[0])
        components.session.probe()
        assert int(components.child.slot.backends[0]) == before
        cut(components, connection)
        wait_until(noticed, what="another connection")
