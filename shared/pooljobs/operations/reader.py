"""The operator's questions: which jobs are there, what became of one, run it again; and how do the queues stand.

Used by the command line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final
from uuid import UUID

from psycopg import errors as pg
from psycopg.rows import DictRow

from pooljobs.db.connect import connect, pinned_transaction
from pooljobs.db.error_classes import one_line
from pooljobs.db.schema.version import check_migrated
from pooljobs.db.store.cancel import cancel_with
from pooljobs.errors import NotFoundError, OptionError, RefusedError
from pooljobs.job.cancellation import Cancellation
from pooljobs.operations.answers import BOUNDED
from pooljobs.operations.id_prefix import id_range
from pooljobs.operations.listing import LONGEST_LIST, STATUSES
from pooljobs.operations.pauses import pause_of
from pooljobs.operations.pausing_operations import PausingOperations
from pooljobs.operations.queue_counts import cut

WINDOWS: Final = ("1 minute", "1 hour", "1 day", None)
"""How far back to look at what ended, one after the other until enough was found: never all of history at once."""

_SECONDS: Final = {"1 minute": 60.0, "1 hour": 3600.0, "1 day": 86400.0}

_SHOWN = 5
"""Ids named when a prefix fits several."""


@contextmanager
def open_reader(dsn: str, schema: str) -> Iterator[Reader]:
    """A reader on a connection of its own.

    Raises:
        DatabaseUnreachableError, DatabaseUnsupportedError, NotMigratedError: As their names say.
    """
    with connect(dsn, application_name="pooljobs command") as connection:
        check_migrated(connection, schema)
        yield Reader(connection, schema)


class Reader(PausingOperations):
    """Answers from one connection, which must be in autocommit mode: each answer is a transaction."""

    def list_jobs(
        self,
        *,
        statuses: Sequence[str] | None = None,
        queue: str | None = None,
        job_type: str | None = None,
        tag: str | None = None,
        limit: int = 20,
        whole: bool = False,
    ) -> list[DictRow]:
        """The newest matching jobs, by when they ended or else were enqueued; see ``list_jobs.sql`` for the columns.

        With ``whole`` also their payloads and workers. ``unserved`` and ``paused`` are as ``find`` tells them.

        Raises:
            OptionError: A status that does not exist, or a limit that is not from 1 to ``LONGEST_LIST``.
        """
        for status in statuses or ():
            if status not in STATUSES:
                raise OptionError(f"no such status: {status!r}", hint=f"use one of {', '.join(STATUSES)}")
        if not 1 <= limit <= LONGEST_LIST:
            raise OptionError(f"limit must be from 1 to {LONGEST_LIST}, not {limit}")
        asked = {
            "statuses": list(statuses) if statuses else None,
            "queue": queue,
            "job_type": job_type,
            "tag": tag,
            "limit": limit,
            "whole": whole,
        }
        jobs = newest(lambda window: self._rows("list_jobs", asked | {"window": window}), limit)
        if whole:
            self._name_workers(jobs)
        return self._marked(jobs)

    def find(self, id_or_prefix: str) -> DictRow:
        """Everything known of the job with this id, or with the only id that begins so; see ``show_job.sql``.

        ``unserved``: it is pending, and no living worker serves its queue; None for a user who may not know.
        ``paused``: the pause, of its queue or else of its type, that a pending one waits for; None for none.

        Raises:
            OptionError: Not an id, nor the start of one, or too short.
            NotFoundError: No job's id begins so, or several do.
        """
        first, last = id_range(id_or_prefix)
        rows = self._rows("show_job", {"first": first, "last": last, "limit": _SHOWN + 1})
        if len(rows) == 1:
            return self._marked(rows)[0]
        if not rows:
            raise NotFoundError(f"no job has the id {id_or_prefix}", hint="pooljobs jobs list  shows the newest ones")
        named = ", ".join(str(row["id"]) for row in rows[:_SHOWN]) + (", …" if len(rows) > _SHOWN else "")
        raise NotFoundError(f"several jobs' ids begin with {id_or_prefix}", hint=f"name one: {named}")

    def retry(self, job_id: UUID) -> bool:
        """Put a failed or cancelled job back to pending, due now; False if it was neither, or its key is held.

        Raises:
            RefusedError: It has values that no pending job may have.
        """
        try:
            return bool(self._rows("retry_job", {"id": job_id}, BOUNDED))
        except pg.IntegrityError as error:
            raise RefusedError(f"{job_id} cannot be pending again: {one_line(error)}") from error

    def key_holder(self, job_id: UUID) -> UUID | None:
        """Which other job holds the key of this one, that has ended; None: it was not unique, or nobody does."""
        rows = self._rows("find_key_holder", {"id": job_id})
        return rows[0]["job_id"] if rows else None

    def cancel(self, job_id: UUID, reason: str | None = None) -> Cancellation:
        """Cancel a pending job, or ask a running one to end; see ``cancel_one.sql``."""
        with pinned_transaction(self.connection, BOUNDED):
            return cancel_with(self.connection, self._statements.schema, job_id, reason)

    def still_live(self, job_ids: Sequence[UUID]) -> list[UUID]:
        """Which of these jobs have not ended."""
        return [row["id"] for row in self._rows("find_live", {"ids": list(job_ids)})]

    def _marked(self, jobs: list[DictRow]) -> list[DictRow]:
        waiting = {cut(job["queue"]) for job in jobs if job["status"] == "pending"}
        served = self.workers(sorted(waiting)) if waiting else {}
        pauses = self.pauses() if waiting else []
        for job in jobs:
            pending = job["status"] == "pending"
            job["paused"] = pause_of(pauses, job) if pending else None
            job["unserved"] = None if served is None else pending and cut(job["queue"]) not in served
        return jobs

    def _name_workers(self, jobs: Sequence[DictRow]) -> None:
        """Puts in where the jobs' workers run, or ran, as far as that is known."""
        ids = {job["worker_id"] for job in jobs} - {None}
        known: dict[int, DictRow] = {}
        with suppress(pg.InsufficientPrivilege):
            known = {row["id"]: row for row in self._rows("name_workers", {"worker_ids": sorted(ids)})} if ids else {}
        for job in jobs:
            worker = known.get(job["worker_id"], {})
            job.update({f"worker_{column}": worker.get(column) for column in ("host", "pid", "ordinal")})


def newest(look_back: Callable[[str | None], list[DictRow]], limit: int) -> list[DictRow]:
    """So many jobs, of what ``list_jobs.sql`` finds in one window after the other, as ``look_back`` asks it."""
    jobs: list[DictRow] = []
    for window in WINDOWS:
        jobs = look_back(window)
        if window and _complete(jobs, limit, _SECONDS[window]):
            break
    return jobs


def _complete(jobs: Sequence[DictRow], limit: int, window: float) -> bool:
    """Whether no older job can belong to the answer: it is full, and all of it lies within the window."""
    return len(jobs) >= limit and jobs[-1]["age"] <= window
