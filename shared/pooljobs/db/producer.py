"""Stores new jobs: on a pool of its own, or on a connection of the caller's so that they commit with their data."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any
from uuid import UUID

import psycopg
from psycopg import AsyncConnection, Connection
from psycopg_pool import ConnectionPool, PoolTimeout

from pooljobs.db.blocks import Block, alike, mixed
from pooljobs.db.borrowing import borrow
from pooljobs.db.copied import Copier
from pooljobs.db.cut_off import cut_off
from pooljobs.db.dsn import describe
from pooljobs.db.faults import unreachable
from pooljobs.db.hot import HotStatement
from pooljobs.db.ids import JobIds
from pooljobs.db.insert import InsertStatement
from pooljobs.db.producer_pool import WAIT, no_free_connection, producer_pool
from pooljobs.db.refusals import translated
from pooljobs.db.statements import Statements
from pooljobs.job.new_job import NewJob


class Producer:
    """Enqueues on one database. Opens nothing until the first job; threads may share it."""

    def __init__(self, dsn: str, schema: str, pool_size: int) -> None:
        self._dsn = dsn
        self._pool_size = pool_size
        self._statements = Statements(schema)
        self._lock = threading.Lock()
        self._pool: ConnectionPool[Connection[Any]] | None = None

    @cached_property
    def _insert(self) -> InsertStatement:
        return InsertStatement(self._statements)

    @cached_property
    def _wait_for_disk(self) -> HotStatement:
        return HotStatement("wait_for_disk", self._statements.load("wait_for_disk"), {})

    def insert(self, job: NewJob) -> UUID:
        """Stores the job, committed and durable when it returns its id. Idle workers may have begun it by then.

        Raises:
            DatabaseUnreachableError: No connection could be had; nothing was stored.
            NotMigratedError: The schema is not in this database.
            PayloadError: PostgreSQL refused a payload; nothing was stored.
        """
        with self.connection() as connection, translated(self._statements.schema):
            job_id, early = self._insert.store(connection, job)
            if early:
                self._wait_for_disk.row(connection, [])
            return UUID(bytes=job_id)

    def insert_with(self, connection: Connection[Any], job: NewJob) -> UUID:
        """Stores the job on the caller's connection, in its transaction if one is open."""
        with translated(self._statements.schema):
            cursor = connection.execute(self._insert.text, self._insert.parameters(job))
            return _as_uuid(cursor.fetchone())

    async def insert_with_async(self, connection: AsyncConnection[Any], job: NewJob) -> UUID:
        """As ``insert_with``, on an asynchronous connection."""
        with translated(self._statements.schema):
            cursor = await connection.execute(self._insert.text, self._insert.parameters(job))
            return _as_uuid(await cursor.fetchone())

    def insert_many(self, jobs: Iterable[NewJob], on_progress: Callable[[int], None] | None = None) -> JobIds:
        """Stores any number of jobs by COPY, all or none; memory stays bounded but for 16 bytes a job.

        ``on_progress`` is called now and then with the number sent so far. Errors are those of ``insert``.
        """
        return self._copy(mixed(jobs), on_progress)

    def insert_alike(
        self, job: NewJob, payloads: Iterable[bytes], on_progress: Callable[[int], None] | None = None
    ) -> JobIds:
        """As ``insert_many``, for jobs that differ in their payloads alone."""
        return self._copy(alike(job, payloads), on_progress)

    def close(self) -> None:
        """Closes the pool; a later insert opens a new one."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()

    @contextmanager
    def connection(self) -> Iterator[Connection[Any]]:
        """A connection of the pool, in autocommit mode.

        Raises:
            DatabaseUnreachableError: None could be had.
        """
        pool = self._open_pool()
        try:
            connection = borrow(pool, WAIT)
        except PoolTimeout:
            raise no_free_connection(self._dsn) from None
        except psycopg.OperationalError as error:
            raise unreachable(error, describe(self._dsn)) from None
        try:
            yield connection
        finally:
            pool.putconn(connection)

    def _copy(self, blocks: Iterable[Block], on_progress: Callable[[int], None] | None) -> JobIds:
        with self.connection() as connection, cut_off(connection), connection.transaction():
            return Copier(self._statements).copy(connection, blocks, on_progress)

    def _open_pool(self) -> ConnectionPool[Connection[Any]]:
        with self._lock:
            if self._pool is None:
                self._pool = producer_pool(self._dsn, self._pool_size)
            return self._pool


def _as_uuid(row: Any) -> UUID:
    """The id of a row, whatever row factory the caller's connection has."""
    value = next(iter(row.values())) if isinstance(row, dict) else row[0]
    return value if isinstance(value, UUID) else UUID(str(value))
