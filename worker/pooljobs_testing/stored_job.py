"""A job as a test finds it in its database."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import dict_row

from pooljobs.application.app import PoolJobs
from pooljobs.db.times import register_times
from pooljobs.job.handle import JobHandle, put_source
from pooljobs.payload.encoding import decode
from pooljobs_testing.composed import composed
from pooljobs_worker.claims.job_labels import JobLabels

PENDING: Final = "pending"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredJob(JobHandle[Any]):
    """What ``assert_enqueued`` returns: a handle, with what was stored.

    Attributes:
        payload: As a handler would be given it: read from its JSON.
        state: ``pending``, ``running``, ``completed``, ``failed`` or ``cancelled``.
        priority: -4 to 4, smaller first.
        run_at: When it is due.
        delay: How long after its enqueueing that is.
        max_retries: Total number of runs that it may have.
        trace_id: Its trace id, or None.
        attempts: Runs so far.
        tags: What it was tagged with.
        meta: What else its enqueuer said of it.
    """

    payload: Any = field(hash=False)
    state: str
    priority: int
    run_at: datetime
    delay: timedelta | None
    max_retries: int
    trace_id: str | None
    attempts: int
    tags: tuple[str, ...]
    meta: dict[str, Any] = field(hash=False)


def list_enqueued(connection: Connection[Any], app: PoolJobs) -> list[StoredJob]:
    """All jobs of a database, those that have ended too, in the order of their enqueueing."""
    register_times(connection)
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(composed("list_enqueued", app.schema)).fetchall()
    jobs = [_stored(**row) for row in rows]
    for job in jobs:
        put_source(job, app._outlet)  # noqa: SLF001  # of the same family
    return jobs


def _stored(payload: str, tags: str | None, meta: str | None, **row: Any) -> StoredJob:
    labels = JobLabels(tags, meta)
    return StoredJob(payload=decode(payload), tags=labels.read_tags(), meta=labels.read_meta(), **row)
