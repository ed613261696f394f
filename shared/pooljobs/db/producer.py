"""Stores new jobs: on a pool of its own, or on a connection of the caller's so that they commit with their data."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from uuid import UUID

import psycopg
from psycopg import AsyncConnection, Connection
from psycopg import errors as pg
from psycopg_pool import ConnectionPool, PoolTimeout

from pooljobs.db.connect import with_timeout
from pooljobs.db.dsn import describe
from pooljobs.db.faults import one_line, unreachable
from pooljobs.db.statements import Statements
from pooljobs.errors import DatabaseUnreachableError, NotMigratedError, PayloadError
from pooljobs.new_job import NewJob

CHUNK = 1000
"""Jobs that ``insert_many`` sends in one statement; what it holds in memory at a time."""

CHUNK_BYTES = 4 * 2**20
"""Bytes of payload after which a chunk is sent although it is not full."""


class Producer:
    """Enqueues on one database. Opens nothing until the first job; threads may share it."""

    def __init__(self, dsn: str, schema: str, pool_size: int) -> None:
        self._dsn = dsn
        self._pool_size = pool_size
        self._statements = Statements(schema)
        self._lock = threading.Lock()
        self._pool: ConnectionPool[Connection[Any]] | None = None

    def insert(self, jobs: Sequence[NewJob]) -> list[UUID]:
        """Stores the jobs in one statement, committed when it returns. Ids come in the jobs' order.

        Raises:
            DatabaseUnreachableError: No connection could be had; nothing was stored.
            NotMigratedError: The schema is not in this database.
            PayloadError: PostgreSQL refused a payload; nothing was stored.
        """
        try:
            with self._open_pool().connection(timeout=10.0) as connection:
                return self.insert_with(connection, jobs)
        except PoolTimeout:
            raise self._why_unreachable() from None

    def insert_with(self, connection: Connection[Any], jobs: Sequence[NewJob]) -> list[UUID]:
        """Stores the jobs on the caller's connection, in its transaction if one is open."""
        if not jobs:
            return []
        with _translated(self._statements.schema):
            rows = connection.execute(self._statements.enqueue, _parameters(jobs)).fetchall()
        return [_as_uuid(row) for row in rows]

    async def insert_with_async(self, connection: AsyncConnection[Any], jobs: Sequence[NewJob]) -> list[UUID]:
        """As ``insert_with``, on an asynchronous connection."""
        if not jobs:
            return []
        with _translated(self._statements.schema):
            cursor = await connection.execute(self._statements.enqueue, _parameters(jobs))
            rows = await cursor.fetchall()
        return [_as_uuid(row) for row in rows]

    def insert_many(self, jobs: Iterable[NewJob], on_progress: Callable[[int], None] | None = None) -> list[UUID]:
        """Stores any number of jobs, all or none, a chunk a statement; memory stays bounded but for the ids.

        ``on_progress`` is called with the number stored so far after each chunk.
        """
        ids: list[UUID] = []
        try:
            with self._open_pool().connection(timeout=10.0) as connection, connection.transaction():
                for chunk in chunks(jobs):
                    ids += self.insert_with(connection, chunk)
                    if on_progress:
                        on_progress(len(ids))
        except PoolTimeout:
            raise self._why_unreachable() from None
        return ids

    def close(self) -> None:
        """Closes the pool; a later insert opens a new one."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()

    def _open_pool(self) -> ConnectionPool[Connection[Any]]:
        with self._lock:
            if self._pool is None:
                self._pool = ConnectionPool(
                    with_timeout(self._dsn),
                    min_size=0,
                    max_size=self._pool_size,
                    open=True,
                    check=ConnectionPool.check_connection,
                    kwargs={"application_name": "pooljobs producer", "autocommit": True},
                    reconnect_timeout=5.0,
                    num_workers=1,
                )
            return self._pool

    def _why_unreachable(self) -> DatabaseUnreachableError:
        """A pool says only that it timed out: one direct try tells why."""
        try:
            psycopg.connect(with_timeout(self._dsn)).close()
        except psycopg.OperationalError as error:
            return unreachable(error, describe(self._dsn))
        hint = "every connection of this pool is busy: raise PoolJobs(pool_size=...)"
        return DatabaseUnreachableError(f"no free connection to {describe(self._dsn)} within 10 s", hint=hint)


def chunks(jobs: Iterable[NewJob]) -> Iterable[list[NewJob]]:
    """Cuts any iterable into lists of at most ``CHUNK`` jobs and about ``CHUNK_BYTES`` of payload."""
    source = iter(jobs)
    while first := next(source, None):
        chunk, size = [first], len(first.payload)
        while len(chunk) < CHUNK and size < CHUNK_BYTES and (job := next(source, None)):
            chunk.append(job)
            size += len(job.payload)
        yield chunk


class _translated:  # noqa: N801  # reads as a statement: with _translated(schema)
    """Turns PostgreSQL's refusals into errors that say what to do."""

    def __init__(self, schema: str) -> None:
        self._schema = schema

    def __enter__(self) -> None: ...

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, (pg.UndefinedTable, pg.InvalidSchemaName, pg.UndefinedFunction)):
            message = f"schema {self._schema!r} is not in this database, or is older than this pooljobs"
            raise NotMigratedError(message, hint="run: pooljobs migrate") from error
        if isinstance(error, (pg.UntranslatableCharacter, pg.InvalidTextRepresentation, pg.ProgramLimitExceeded)):
            raise PayloadError(f"PostgreSQL refused the payload: {one_line(error)}") from error


def _parameters(jobs: Sequence[NewJob]) -> dict[str, object]:
    return {
        "job_types": [job.job_type for job in jobs],
        "payloads": [job.payload.decode() for job in jobs],
        "queues": [job.queue for job in jobs],
        "priorities": [job.priority for job in jobs],
        "max_retries": [job.max_retries for job in jobs],
        "delays": [float(job.delay_secs) for job in jobs],
        "run_ats": [job.run_at for job in jobs],
        "trace_ids": [job.trace_id for job in jobs],
    }


def _as_uuid(row: Any) -> UUID:
    """The id of a row, whatever row factory the caller's connection has."""
    value = next(iter(row.values())) if isinstance(row, dict) else row[0]
    return value if isinstance(value, UUID) else UUID(str(value))
