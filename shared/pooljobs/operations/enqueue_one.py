"""Enqueues one job from the command line, by the SQL function that other languages use too."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import KW_ONLY, dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg import errors as pg

from pooljobs.db.connect import connect, pinned_transaction
from pooljobs.db.public_errors import ours
from pooljobs.db.schema.version import check_migrated
from pooljobs.db.statements import Statements
from pooljobs.job.labels import encoded_meta
from pooljobs.job.options import EnqueueOptions
from pooljobs.operations.answers import BOUNDED


@dataclass(frozen=True, slots=True)
class EnqueuedJob:
    """One job to store; ``queue`` and ``max_retries`` hold where the options are silent, None: as was published.

    Attributes:
        payload: The payload, encoded as JSON.
    """

    job_type: str
    payload: bytes
    _: KW_ONLY
    options: EnqueueOptions
    queue: str | None = None
    max_retries: int | None = None


@dataclass(frozen=True, slots=True)
class Enqueued:
    """What became of it.

    Attributes:
        declared: The job types that were ever declared, if the job's is not among them; else None. There may be none.
            None too for a user who may not know.
        queue: The job's.
        unserved: Whether no living worker serves that; None for a user who may not know.
    """

    job_id: UUID
    declared: list[str] | None
    _: KW_ONLY
    queue: str
    unserved: bool | None


def enqueue_one(dsn: str, schema: str, job: EnqueuedJob) -> Enqueued:
    """Stores the job, committed when this returns.

    Raises:
        DatabaseUnreachableError, DatabaseUnsupportedError, DatabaseRefusedError, NotMigratedError: As their names say.
        PayloadError: PostgreSQL refused the payload.
    """
    parameters = _parameters(job)
    statements = Statements(schema)
    with ours(schema), connect(dsn, application_name="pooljobs enqueue") as connection:
        check_migrated(connection, schema)
        with pinned_transaction(connection, BOUNDED):
            row = connection.execute(statements.load("enqueue_one"), parameters).fetchone()
        assert row is not None
        declared, published = _declared(connection, statements, job.job_type)
        queue = parameters["queue"] or published or "default"
        return Enqueued(UUID(str(row[0])), declared, queue=queue, unserved=_unserved(connection, statements, queue))


def _parameters(job: EnqueuedJob) -> dict[str, Any]:
    """As ``enqueue_one.sql`` takes them."""
    options = job.options
    meta = None if options.meta is None else encoded_meta(options.meta)
    return {
        "job_type": job.job_type,
        "payload": job.payload.decode(),
        "queue": options.queue or job.queue,
        "priority": options.priority,
        "delay": options.delay_secs if options.run_at is None else None,
        "run_at": options.run_at,
        "max_retries": options.max_retries or job.max_retries,
        "trace_id": options.trace_id,
        "tags": list(options.tags) if options.tags else None,
        "meta": None if meta is None else meta.decode(),
    }


def _declared(
    connection: Connection[Any], statements: Statements, job_type: str
) -> tuple[list[str] | None, str | None]:
    with suppress(pg.InsufficientPrivilege), pinned_transaction(connection):
        found = connection.execute(statements.load("list_job_types"), {"job_type": job_type}).fetchone()
        assert found is not None
        return found[0], found[1]
    return None, None


def _unserved(connection: Connection[Any], statements: Statements, queue: str) -> bool | None:
    with suppress(pg.InsufficientPrivilege), pinned_transaction(connection):
        return connection.execute(statements.load("count_workers"), {"queues": [queue]}).fetchone() is None
    return None
