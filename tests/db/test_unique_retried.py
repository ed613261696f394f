"""Unique jobs that somebody has run again: whose key it is then."""

from __future__ import annotations

from uuid import UUID

import pytest

from pooljobs import PoolJobs, RefusedError
from pooljobs.job.verdict import Verdict
from pooljobs.operations.reader import Reader
from pooljobs_cli.commands.job_acts import _retry_one
from tests.support.unique_jobs import Conn, app, live, report_of, run

__all__ = ["app"]


def retried(connection: Conn, job_id: UUID) -> bool:
    return Reader(connection, "pooljobs").retry(job_id)


def test_a_retried_job_takes_its_key_back(app: PoolJobs, connection: Conn) -> None:
    report = report_of(app)
    first = report.enqueue(customer=7)
    run(connection, Verdict.FAILED)
    assert retried(connection, first.id)
    assert report.enqueue(customer=7).id == first.id


def test_a_retried_job_whose_key_another_holds_is_left_alone_and_told(app: PoolJobs, connection: Conn) -> None:
    report = report_of(app)
    first = report.enqueue(customer=7)
    run(connection, Verdict.FAILED)
    second = report.enqueue(customer=7)
    reader = Reader(connection, "pooljobs")
    assert not reader.retry(first.id)
    assert reader.key_holder(first.id) == second.id
    with pytest.raises(RefusedError, match=f"{first.id} is unique, and another job has its key: {second.id}"):
        _retry_one(reader, str(first.id))
    assert live(connection) == [second.id]
    run(connection)
    assert reader.retry(first.id)
    assert reader.key_holder(first.id) is None
    assert live(connection) == [first.id]


def test_a_retried_job_whose_key_was_swept_takes_it_anew(app: PoolJobs, connection: Conn) -> None:
    report = report_of(app)
    first = report.enqueue(customer=7)
    run(connection, Verdict.FAILED)
    connection.execute("DELETE FROM pooljobs.uniques")
    assert retried(connection, first.id)
    assert report.enqueue(customer=7).id == first.id
