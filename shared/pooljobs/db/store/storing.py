"""Stores jobs on a connection of ours, committed and durable: one, or those of several callers in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from typing import TypeVar
from uuid import UUID

import psycopg

from pooljobs.db.ids import JobIds
from pooljobs.db.statements import Statements
from pooljobs.db.store.copy_unique import UniqueCopier
from pooljobs.db.store.group_commit import Outcome
from pooljobs.db.store.insert import InsertStatement, InsertTogetherStatement
from pooljobs.db.store.insert_unique import InsertUniqueStatement
from pooljobs.db.store.producer_pool import ProducerSession
from pooljobs.db.wire.prepared import HotStatement
from pooljobs.errors import DatabaseRefusedError, PayloadError
from pooljobs.job.new_job import NewJob

Told = Callable[[psycopg.Error, ProducerSession, Sequence[UUID]], Exception]
"""What to raise for an error on that session; of what was sent for good there, the ids."""

E = TypeVar("E", bound=Exception)


class Storing:
    """One schema's. Threads may share it, each with its session."""

    def __init__(self, statements: Statements, told: Told) -> None:
        self.insert = InsertStatement(statements)
        self._together = InsertTogetherStatement(statements)
        self._wait_for_disk = HotStatement("wait_for_disk", statements.load("wait_for_disk"), types={})
        self.unique = InsertUniqueStatement(statements)
        self.unique_jobs = UniqueCopier(statements)
        self._told = told

    def store(self, session: ProducerSession, jobs: Sequence[NewJob], ids: JobIds) -> list[Outcome]:
        """Of each job, in their order, the id under which it was stored, or what is to be raised for it.

        Where the server refuses them together, each has its turn by itself: only whose it is has the error.
        """
        if len(jobs) == 1:
            return [self._store_one(session, jobs[0], ids)]
        connection = session.connection
        try:
            if self._together.store(connection, jobs, bytes(ids.packed)):
                self._wait_for_disk.row(connection, [])
            return list(ids)
        except psycopg.Error as error:
            failed = error
        sent = self._together.was_sent(connection)
        told = self._told(failed, session, ids if sent else ())
        if isinstance(told, (PayloadError, DatabaseRefusedError)):
            return [self._store_one(session, job, JobIds(job_id.bytes)) for job, job_id in zip(jobs, ids, strict=True)]
        return [self._told(failed, session, [job_id] if sent else ()) for job_id in ids]

    def _store_one(self, session: ProducerSession, job: NewJob, ids: JobIds) -> Outcome:
        connection = session.connection
        try:
            if self.insert.store(connection, job, bytes(ids.packed)):
                self._wait_for_disk.row(connection, [])
            return ids[0]
        except psycopg.Error as error:
            failed = error
        return self._told(failed, session, ids if self.insert.was_sent(connection) else ())


def fresh(error: E) -> E:
    """Another one that says the same: an error that several raise would show each the others' ways to it."""
    another = copy(error)
    another.__cause__, another.__suppress_context__ = error.__cause__, True
    return another
