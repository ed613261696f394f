"""Stores new jobs, on a pool of its own.

It waits for an outage to pass. What may have been stored is not sent a second time: it may have been run and archived
by then. Its id is known before it is sent, so that the error can name it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from psycopg import Connection

from pooljobs.db.broken_connection import cut_off
from pooljobs.db.error_kinds import passes
from pooljobs.db.ids import JobIds
from pooljobs.db.public_errors import as_ours, lost_midway, undecided
from pooljobs.db.statements import Statements
from pooljobs.db.store.cancel import cancel_with
from pooljobs.db.store.find_jobs import find_jobs
from pooljobs.db.store.group_commit import Call, GroupCommit, Outcome, ended
from pooljobs.db.store.insert_unique import LOCK_TIMEOUT
from pooljobs.db.store.producer_pool import ProducerPool, ProducerSession
from pooljobs.db.store.retrying import RetryableError, tried
from pooljobs.db.store.storing import Storing, fresh
from pooljobs.db.wire.bulk_copy import Copier, Source
from pooljobs.db.wire.copy_blocks import Block, alike, mixed
from pooljobs.db.wire.unique_block import Stored, refuse_kept
from pooljobs.errors import DatabaseReadOnlyError, PoolJobsError
from pooljobs.job.cancellation import Cancellation
from pooljobs.job.job_status import FoundJob
from pooljobs.job.new_job import NewJob
from pooljobs.settings import WAIT_SECS

T = TypeVar("T")


class Producer:
    """Enqueues on one database. Opens nothing until the first job; threads may share it.

    ``wait``: seconds for which an outage is waited for, once there was a connection, or for a free one; default 10.
    """

    def __init__(self, dsn: str, schema: str, *, pool_size: int, wait: float = WAIT_SECS) -> None:
        self.dsn = dsn
        self._wait = wait
        self._statements = Statements(schema)
        self._pool = ProducerPool(dsn, pool_size)
        self._gathering = GroupCommit(pool_size, self._lead, self._pool.why_none)

    @cached_property
    def _storing(self) -> Storing:
        return Storing(self._statements, self._told)

    def insert(self, job: NewJob) -> UUID:
        """Stores the job, committed and durable when it returns its id. Idle workers may have begun it by then.

        Raises:
            DatabaseUnreachableError: An outage; it says whether the job may have been stored.
            NotMigratedError: The schema is not in this database.
            PayloadError: PostgreSQL refused the payload; nothing was stored.
            DatabaseRefusedError: It refused the job for another reason; nothing was stored.
        """
        return tried(lambda until: self._gathering.insert(job, until), self._wait)

    def insert_together(self, jobs: Sequence[NewJob], until: float) -> list[Outcome]:
        """Stores them in one transaction if that can be: the id of each, or what ``insert`` would raise for it.

        One attempt: of errors, ``RetryableError`` says that the next one may succeed. See ``tries``.
        """
        try:
            session = self._pool.take(until)
        except (PoolJobsError, RetryableError) as error:
            return [fresh(error) for _ in jobs]
        try:
            return self._storing.store(session, jobs, JobIds(session.ids.make(len(jobs))))
        finally:
            self._pool.give(session)

    def _lead(self, own: Call, until: float) -> None:
        """Stores the job of one thread, and those of the threads that wait for it."""
        session = self._pool.take(until)
        try:
            calls = [own, *self._gathering.take(beside=own)]
            ids = JobIds(session.ids.make(len(calls)))
            with ended(calls, ids) as outcomes:
                outcomes.extend(self._storing.store(session, [call.job for call in calls], ids))
        finally:
            self._pool.give(session)

    def insert_many(self, jobs: Iterable[NewJob], on_progress: Callable[[int], None] | None = None) -> JobIds:
        """Stores any number of jobs by COPY, all or none; memory stays bounded but for 16 bytes a job.

        ``on_progress`` is called now and then with the number sent so far. Errors are those of ``insert``. An outage is
        waited for as long as no more than the first block of jobs was taken from ``jobs``.
        """
        return self._copy(mixed(jobs), on_progress)

    def insert_alike(
        self, job: NewJob, payloads: Iterable[bytes], on_progress: Callable[[int], None] | None = None
    ) -> JobIds:
        """As ``insert_many``, for jobs that differ in their payloads alone."""
        return self._copy(alike(job, payloads), on_progress)

    def insert_unique_once(self, job: NewJob, until: float) -> Stored:
        """Stores one unique job, or finds it, committed when this returns; an attempt, as ``insert_together``. One that
        meets a transaction which has taken the same key, and does not end, gives up soon, unless ``wait`` is 0.

        Raises:
            JobExistsError: It is there, and the rule says so.
        """
        session = self._pool.take(until)
        ids, statement = JobIds(session.ids.make(1)), self._storing.unique
        try:
            stored = statement.store(
                session.connection, job, bytes(ids.packed), LOCK_TIMEOUT if self._wait > 0 else None
            )
        except psycopg.Error as error:
            told = self._told(error, session, ids if statement.was_sent(session.connection) else ())
        else:
            refuse_kept(job, stored)
            return stored
        finally:
            self._pool.give(session)
        raise told

    def insert_unique_many(
        self, job: NewJob, payloads: Iterable[bytes], on_progress: Callable[[int], None] | None = None
    ) -> Stored:
        """As ``insert_alike``, for unique jobs.

        Raises:
            JobExistsError: One is there, and the rule says so; nothing was stored.
        """
        source = Source(alike(job, payloads), on_progress)
        return tried(lambda until: self._insert_unique_many_once(source, until), self._wait)

    def cancel_once(self, job_id: UUID, reason: str | None, until: float) -> Cancellation:
        """Cancels one job, committed when this returns; one attempt, as ``insert_together``."""
        session = self._pool.take(until)
        try:
            return cancel_with(session.connection, self._statements.schema, job_id, reason)
        except psycopg.Error as error:
            told = self._told(error, session, [job_id], cancelling=True)
        finally:
            self._pool.give(session)
        raise told

    def find_once(self, ids: Sequence[UUID], until: float) -> list[FoundJob]:
        """Those of these jobs that there are, and what became of them; one attempt, as ``insert_together``."""
        return self.run_once(lambda connection: find_jobs(connection, self._statements, ids), until)

    def run_once(self, work: Callable[[Connection[Any]], T], until: float) -> T:
        """Does what may be done twice on a connection of the pool; one attempt, as ``insert_together``."""
        session = self._pool.take(until)
        try:
            return work(session.connection)
        except psycopg.Error as error:
            told = self._told(error, session, ())
        finally:
            self._pool.give(session)
        raise told

    def close(self) -> None:
        """Closes the connections; a later insert opens new ones."""
        self._pool.renew()

    def _copy(self, blocks: Iterable[Block], on_progress: Callable[[int], None] | None) -> JobIds:
        source = Source(blocks, on_progress)
        return tried(lambda until: self._copy_once(source, until), self._wait)

    def _copy_once(self, source: Source, until: float) -> JobIds:
        session = self._pool.take(until)
        ids = JobIds(b"")
        try:
            with cut_off(session.connection), session.connection.transaction():
                ids = Copier(self._statements).copy(session.connection, source)
        except psycopg.Error as error:
            if source.runs():
                raise
            told = self._told(error, session, ids)  # without ids: COMMIT was not sent
        else:
            return ids
        finally:
            self._pool.give(session)
        raise told.error if isinstance(told, RetryableError) and not source.rewind() else told

    def _insert_unique_many_once(self, source: Source, until: float) -> Stored:
        session = self._pool.take(until)
        stored = Stored(b"", "")
        try:
            with cut_off(session.connection), session.connection.transaction():
                stored = self._storing.unique_jobs.copy(session.connection, source, session.ids)
        except psycopg.Error as error:
            if source.runs():
                raise
            told = self._told(error, session, JobIds(stored.ids))
        else:
            return stored
        finally:
            self._pool.give(session)
        raise told.error if isinstance(told, RetryableError) and not source.rewind() else told

    def _told(
        self, error: psycopg.Error, session: ProducerSession, sent: Sequence[UUID], *, cancelling: bool = False
    ) -> Exception:
        """What to raise for an error on a connection of ours. ``sent``: what was sent for good, if that."""
        lost = undecided(error, session.connection)
        if lost:
            session.connection.close()
        if lost and sent:
            return lost_midway(error, sent, cancelling=cancelling)
        told = as_ours(error, self._statements.schema, harmless=True)
        if isinstance(told, DatabaseReadOnlyError):
            self._pool.renew()  # another host of the DSN may take writes
            return RetryableError(told, at_once=True)
        return RetryableError(told) if passes(error) else told
