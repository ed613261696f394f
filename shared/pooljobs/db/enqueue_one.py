"""Enqueues one job from the command line, by the SQL function that other languages use too."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import psycopg

from pooljobs.db.connect import connect
from pooljobs.db.faults import one_line, refuses_payload
from pooljobs.db.schema.version import check_migrated
from pooljobs.db.statements import Statements
from pooljobs.errors import PayloadError
from pooljobs.job.options import EnqueueOptions


@dataclass(frozen=True, slots=True)
class EnqueuedJob:
    """One job to store; ``queue`` and ``max_retries`` hold where the options are silent, None: as was published.

    Attributes:
        payload: The payload, encoded as JSON.
    """

    job_type: str
    payload: bytes
    options: EnqueueOptions
    queue: str | None = None
    max_retries: int | None = None


@dataclass(frozen=True, slots=True)
class Enqueued:
    """What became of it.

    Attributes:
        declared: The job types that were ever declared, if the job's is not among them; else None. There may be none.
    """

    job_id: UUID
    declared: list[str] | None


def enqueue_one(dsn: str, schema: str, job: EnqueuedJob) -> Enqueued:
    """Stores the job, committed when this returns.

    Raises:
        DatabaseUnreachableError, DatabaseUnsupportedError, NotMigratedError: As their names say.
        PayloadError: PostgreSQL refused the payload.
    """
    options = job.options
    parameters = {
        "job_type": job.job_type,
        "payload": job.payload.decode(),
        "queue": options.queue or job.queue,
        "priority": options.priority,
        "delay": options.delay_secs,
        "max_retries": options.max_retries or job.max_retries,
        "trace_id": options.trace_id,
    }
    statements = Statements(schema)
    with connect(dsn, application_name="pooljobs enqueue") as connection:
        check_migrated(connection, schema)
        try:
            row = connection.execute(statements.load("enqueue_one"), parameters).fetchone()
        except psycopg.Error as error:
            if not refuses_payload(error):
                raise
            raise PayloadError(f"PostgreSQL refused the payload: {one_line(error)}") from error
        assert row is not None
        found = connection.execute(statements.load("list_job_types"), {"job_type": job.job_type}).fetchone()
    assert found is not None
    return Enqueued(UUID(str(row[0])), found[0])
