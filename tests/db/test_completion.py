"""Completing a job in the caller's transaction: by the one that still holds the claim, and nobody else."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg import Connection

from pooljobs.errors import ClaimLostError
from pooljobs.handler.completion import Completion
from pooljobs.job.verdict import Verdict
from tests.support.claims import SQL, Claim, claim, insert, register, scalar, settle_all

Conn = Connection[Any]


def completion(job: Claim) -> Completion:
    statement = SQL.load("complete_in_transaction")
    return Completion(statement, job_id=job.id, fence=job.fence, token=job.token, started_ns=1)


def test_it_commits_with_the_callers_transaction(connection: Conn, dsn: str) -> None:
    insert(connection)
    (job,) = claim(connection, register(connection)) or []
    right = completion(job)
    with psycopg.connect(dsn) as caller:
        right.on(caller)
        assert scalar(connection, "SELECT status FROM pooljobs.jobs") == "running"
    assert right.used
    assert scalar(connection, "SELECT status FROM pooljobs.jobs") == "completed"


def test_it_rolls_back_with_it_too(connection: Conn, dsn: str) -> None:
    insert(connection)
    (job,) = claim(connection, register(connection)) or []
    with psycopg.connect(dsn) as caller:
        completion(job).on(caller)
        caller.rollback()
    assert settle_all(connection, job.settled(Verdict.COMPLETED)) == set()


def test_a_claim_that_was_lost_completes_nothing(connection: Conn) -> None:
    insert(connection)
    worker = register(connection)
    (job,) = claim(connection, worker) or []
    settle_all(connection, job.settled(Verdict.RELEASED))
    claim(connection, worker)
    right = completion(job)
    with pytest.raises(ClaimLostError, match="no longer this worker's"):
        right.on(connection)
    assert not right.used
