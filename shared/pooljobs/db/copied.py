"""Loads many jobs by COPY, the fastest way in: no statement to parse for a row, and no array to build for a column.

Used by the producer for ``enqueue_many``. Ids come from the database first, so that they can be returned.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from psycopg import Connection

from pooljobs.db.refusals import translated
from pooljobs.db.statements import Statements
from pooljobs.new_job import NewJob

FIRST, MOST = 1_000, 32_000
"""Jobs of the first COPY, and of the largest: each takes twice as many as the one before it."""

BLOCK = 200
"""Jobs that are sent at a time: while the server stores them, the next are made ready."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SPECIAL = re.compile(r"[\\\t\n\r]")
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


class Copier:
    """Copies jobs in on a connection in a transaction: its ``now()`` is where delays count from."""

    def __init__(self, statements: Statements) -> None:
        self._schema = statements.schema
        self._make_ids = statements.load("make_ids")
        self._copy = statements.load("copy_jobs")
        self._tell = statements.load("tell_sleepers")

    def copy(
        self, connection: Connection[Any], jobs: Iterable[NewJob], on_progress: Callable[[int], None] | None = None
    ) -> list[UUID]:
        """Stores the jobs; their ids in the same order. ``on_progress`` hears now and then how many were sent."""
        ids: list[UUID] = []
        due: dict[str, datetime] = {}
        source, size = _Source(jobs), FIRST
        while first := source.take(BLOCK):
            ids += self._copy_some(connection, first, source, size if len(first) == BLOCK else len(first), due)
            size = min(2 * size, MOST)
            if on_progress:
                on_progress(len(ids))
        if due:
            connection.execute(self._tell, {"queues": list(due), "run_ats": list(due.values())})
        return ids

    def _copy_some(
        self, connection: Connection[Any], block: list[NewJob], source: _Source, most: int, due: dict[str, datetime]
    ) -> list[UUID]:
        """One COPY. Only a block is in memory at a time, however large the payloads of all are."""
        now, ids = self._ids(connection, most)
        line, used = _Lines(now, due).line, 0
        refusals = translated(self._schema, unless=source.taking)
        with refusals, connection.cursor() as cursor, cursor.copy(self._copy) as copy:
            while block:
                copy.write(b"".join(map(line, ids[used:], block)))
                used += len(block)
                block = source.take(min(BLOCK, most - used))
        return [UUID(bytes=job_id) for job_id in ids[:used]]

    def _ids(self, connection: Connection[Any], count: int) -> tuple[datetime, list[bytes]]:
        """The transaction's ``now()``, and ids in ascending order."""
        with translated(self._schema), connection.cursor(binary=True) as cursor:
            row = cursor.execute(self._make_ids, {"count": count}).fetchone()
        assert row is not None
        now_us, packed = row
        return _EPOCH + timedelta(microseconds=now_us), [packed[at : at + 16] for at in range(0, len(packed), 16)]


class _Source:
    """The caller's jobs, and whether it is just now that the caller makes some: an error is its own then."""

    def __init__(self, jobs: Iterable[NewJob]) -> None:
        self._jobs = iter(jobs)
        self._taking = False

    def take(self, most: int) -> list[NewJob]:
        """The next jobs; none at the end."""
        self._taking = True
        block = list(islice(self._jobs, most))
        self._taking = False
        return block

    def taking(self) -> bool:
        """Whether the caller's code runs, or raised."""
        return self._taking


class _Lines:
    """Writes jobs in COPY's text format: tabs between columns, a sign of its own for null, backslashes doubled.

    ``due`` is told when the earliest job of each queue is due.
    """

    def __init__(self, now: datetime, due: dict[str, datetime]) -> None:
        self._now = now
        self._due = due
        self._at_once = now.isoformat()

    def line(self, job_id: bytes, job: NewJob) -> bytes:
        """One job's line."""
        job_type, payload, queue, priority, max_retries, delay, run_at, trace_id = job
        if run_at is None and not delay:
            when, self._due[queue] = self._at_once, self._now
        else:
            when = self._later(queue, delay, run_at)
        trace = r"\N" if trace_id is None else _escaped(trace_id)
        head = f"{job_id.hex()}\t{when}\t{max_retries}\t{priority}\t{_escaped(queue)}\t{_escaped(job_type)}\t{trace}\t"
        return head.encode() + payload.replace(b"\\", b"\\\\") + b"\n"

    def _later(self, queue: str, delay: float, run_at: datetime | None) -> str:
        then = self._now + timedelta(seconds=delay) if run_at is None else run_at
        self._due[queue] = min(then, self._due.get(queue, then))
        return then.isoformat()


def _escaped(name: str) -> str:
    return name.translate(_ESCAPES) if _SPECIAL.search(name) else name
