"""The one door for connections that callers pass: what is done there commits, or rolls back, with their transaction.

Each method returns its result, or an awaitable of it where the connection is an asynchronous one. All raise OptionError
for what is no connection, NotMigratedError or DatabaseRefusedError for what is wrong with the schema or the rights on
it, PayloadError for a payload that PostgreSQL refuses, and whatever else befalls the connection as its driver
raises it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

from pooljobs.db.callers.caller_operations import CallerOperations
from pooljobs.db.callers.caller_schedule import store_schedule
from pooljobs.db.callers.recognition import driver_of
from pooljobs.db.callers.steps import run_on
from pooljobs.db.ids import JobIds
from pooljobs.db.wire.bulk_copy import Source
from pooljobs.db.wire.copy_blocks import Block, alike, mixed
from pooljobs.db.wire.unique_block import Stored
from pooljobs.job.cancellation import Cancellation
from pooljobs.job.new_job import NewJob

Progress = Callable[[int], None]


class CallerConnections:
    """For one schema. Holds no connection; threads may share it."""

    def __init__(self, schema: str) -> None:
        self._schema = schema
        self._operations = CallerOperations(schema)

    def insert_with(self, conn: Any, job: NewJob) -> UUID | Awaitable[UUID]:
        """Stores a job; its id."""
        return run_on(driver_of(conn, "enqueue_with"), self._operations.insert(job))

    def insert_many_with(
        self, conn: Any, jobs: Iterable[NewJob], on_progress: Progress | None = None
    ) -> JobIds | Awaitable[JobIds]:
        """Stores any number of jobs, all or none; their ids, 16 bytes each.

        On psycopg 3 by COPY, with a block of them in memory at a time; elsewhere by one statement that holds them all.
        ``on_progress`` is called now and then with the number sent so far, elsewhere once.
        """
        return self._insert_many(conn, mixed(jobs), on_progress)

    def insert_alike_with(
        self, conn: Any, job: NewJob, payloads: Iterable[bytes], on_progress: Progress | None = None
    ) -> JobIds | Awaitable[JobIds]:
        """As ``insert_many_with``, for jobs that differ in their payloads alone."""
        return self._insert_many(conn, alike(job, payloads), on_progress)

    def insert_unique_with(self, conn: Any, job: NewJob) -> Stored | Awaitable[Stored]:
        """Stores a unique job, or finds it. Raises JobExistsError too."""
        return run_on(driver_of(conn, "enqueue_with"), self._operations.insert_unique(job))

    def insert_unique_many_with(
        self, conn: Any, job: NewJob, payloads: Iterable[bytes], on_progress: Progress | None = None
    ) -> Stored | Awaitable[Stored]:
        """As ``insert_alike_with``, for unique jobs. Raises JobExistsError too; nothing is stored then."""
        driver, source = driver_of(conn, "enqueue_many_with"), Source(alike(job, payloads), on_progress)
        operation = self._operations.insert_unique_many(source, at_once=not driver.copies)
        return run_on(driver, operation, whole=driver.copies)

    def cancel_with(self, conn: Any, job_id: UUID, reason: str | None) -> Cancellation | Awaitable[Cancellation]:
        """Cancels a job, or asks for it."""
        return run_on(driver_of(conn, "cancel_with"), self._operations.cancel(job_id, reason))

    def retry_with(self, conn: Any, job_id: UUID) -> bool | Awaitable[bool]:
        """Puts a failed or cancelled job back to pending, due now; False if it was neither."""
        return run_on(driver_of(conn, "retry_with"), self._operations.retry(job_id))

    def schedule_with(self, conn: Any, row: Mapping[str, Any]) -> bool | Awaitable[bool]:
        """Stores a schedule, or replaces the stored one of its name; whether it is new. Raises RefusedError too."""
        return run_on(driver_of(conn, "schedule_with"), store_schedule(self._schema, row))

    def _insert_many(
        self, conn: Any, blocks: Iterable[Block], on_progress: Progress | None
    ) -> JobIds | Awaitable[JobIds]:
        driver, source = driver_of(conn, "enqueue_many_with"), Source(blocks, on_progress)
        if driver.copies:
            return run_on(driver, self._operations.insert_by_copy(source), whole=True)
        return run_on(driver, self._operations.insert_at_once(source))
