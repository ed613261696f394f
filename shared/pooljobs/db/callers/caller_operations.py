"""What is done on callers' connections: a job or many stored, one cancelled, one completed. Without input and output:
each is a generator of steps (``steps.py``).
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Final
from uuid import UUID

from pooljobs.db import columns
from pooljobs.db.callers.caller_statement import CallerStatement, array, text
from pooljobs.db.callers.steps import CopyIn, Operation, Query, Row
from pooljobs.db.callers.unique_values import unique_block_values, unique_values
from pooljobs.db.ids import MOST_AT_ONCE, JobIds, SessionIds
from pooljobs.db.refused import translated
from pooljobs.db.statements import Statements
from pooljobs.db.wire.binary_format import ARRAYS, Oid
from pooljobs.db.wire.bulk_copy import BulkLoad, Source
from pooljobs.db.wire.unique_block import MANY, ONE, Stored, UniqueBlock, refuse_kept, unique_blocks
from pooljobs.job.cancellation import Cancellation
from pooljobs.job.error_text import clean
from pooljobs.job.new_job import NewJob

_CANCEL: Final = {"job_id": Oid.UUID, "reason": Oid.TEXT}
_COMPLETE: Final = {"id": Oid.UUID, "fence": Oid.INT8, "token": Oid.INT8, "started_ago": Oid.FLOAT8}
_NOTIFY: Final = {"queues": Oid.TEXT_ARRAY, "run_ats": Oid.TIMESTAMPTZ_ARRAY}
_FALSE: Final = "f"


class CallerOperations:
    """Those of one schema. Threads may share it."""

    def __init__(self, schema: str) -> None:
        self._schema = schema
        self._statements = Statements(schema)
        self._given = [one.value for _, one in columns.given()]

    def insert(self, job: NewJob) -> Operation[UUID]:
        """Stores a job; its id."""
        values = [None, text(job.run_at), text(job.delay_secs), _FALSE]
        values += [text(value(job)) for value in self._given]
        with translated(self._schema):
            row = yield Query(self._insert, values)
        return _uuid(row)

    def insert_unique(self, job: NewJob) -> Operation[Stored]:
        """Stores a unique job, or finds it. Raises JobExistsError where the rule says so."""
        with translated(self._schema):
            row = yield Query(self._insert_unique, unique_values(job))
        assert row is not None
        stored = Stored(_uuid(row).bytes, row[1][0])
        refuse_kept(job, stored)
        return stored

    def insert_unique_many(self, source: Source, *, at_once: bool) -> Operation[Stored]:
        """Stores any number of unique jobs, block by block, or ``at_once``: then all of them are in memory."""
        parts: list[Stored] = []
        count = 0
        if not source.begin():
            return Stored.whole(parts)
        with translated(self._schema, unless=source.runs):
            maker = SessionIds(_clock((yield Query(self._read_clock)))[1])
            for block in [UniqueBlock.whole(source)] if at_once else unique_blocks(source):
                values = unique_block_values(block, _made(maker, len(block.keys)))
                row = yield Query(self._insert_unique_jobs, values)
                assert row is not None
                part = block.stored(bytes.fromhex(row[0]), row[1])
                refuse_kept(block.job, part)
                parts.append(part)
                count += len(part.letters)
                source.tell(count)
        source.tell(count, finally_=True)
        return Stored.whole(parts)

    def cancel(self, job_id: UUID, reason: str | None) -> Operation[Cancellation]:
        """Cancels a job."""
        with translated(self._schema):
            row = yield Query(self._cancel, [str(job_id), None if reason is None else clean(reason)])
        assert row is not None
        return Cancellation.UNKNOWN if row[0] is None else Cancellation(row[0])

    def retry(self, job_id: UUID) -> Operation[bool]:
        """Puts a failed or cancelled job back to pending; whether it was that."""
        with translated(self._schema):
            row = yield Query(self._retry, [str(job_id)])
        return row is not None

    def insert_by_copy(self, source: Source) -> Operation[JobIds]:
        """Stores any number of jobs; their ids. Only a block of them is in memory at a time."""
        if not source.begin():
            return JobIds(b"")
        with translated(self._schema, unless=source.runs):
            load = BulkLoad(source, _clock((yield Query(self._read_clock))))
            while load.more:
                yield CopyIn(self._copy, load.chunks())
            source.tell(load.count, finally_=True)
            yield Query(self._notify, [array(map(text, values)) for values in load.due().values()])
        return JobIds(load.ids)

    def insert_at_once(self, source: Source) -> Operation[JobIds]:
        """The same by one statement: for who cannot copy. All of them are in memory."""
        jobs = list(source.jobs())
        if not jobs:
            return JobIds(b"")
        with translated(self._schema):
            _, clock_us = _clock((yield Query(self._read_clock)))
            ids = _made(SessionIds(clock_us), len(jobs))
            values = [array(map(str, ids)), array(text(job.run_at) for job in jobs)]
            values += [array(text(job.delay_secs) for job in jobs)]
            values += [array(text(value(job)) for job in jobs) for value in self._given]
            yield Query(self._insert_many, [*values, _FALSE])
        source.tell(len(jobs), finally_=True)
        return ids

    @cached_property
    def _insert(self) -> CallerStatement:
        types = {"id": Oid.UUID, "run_at": Oid.TIMESTAMPTZ, "delay": Oid.FLOAT8, "early": Oid.BOOL}
        types |= {name: one.oid for name, one in columns.given()}
        return CallerStatement(self._statements.load("insert_job"), types)

    @cached_property
    def _insert_many(self) -> CallerStatement:
        types = {"ids": Oid.UUID_ARRAY, "run_ats": Oid.TIMESTAMPTZ_ARRAY, "delays": Oid.FLOAT8_ARRAY}
        types |= {name: ARRAYS[one.oid] for name, one in columns.given()}
        return CallerStatement(self._statements.load("insert_jobs"), types | {"early": Oid.BOOL})

    @cached_property
    def _insert_unique(self) -> CallerStatement:
        types = ONE | {name: one.oid for name, one in columns.given()}
        return CallerStatement(self._statements.load("insert_unique"), types)

    @cached_property
    def _insert_unique_jobs(self) -> CallerStatement:
        *alike, _ = columns.given()  # all but the payload
        types = MANY | {name: one.oid for name, one in alike} | {columns.PAYLOAD: Oid.JSONB_ARRAY}
        return CallerStatement(self._statements.load("insert_unique_jobs"), types)

    @cached_property
    def _cancel(self) -> CallerStatement:
        return CallerStatement(self._statements.load("cancel_one"), _CANCEL)

    @cached_property
    def _retry(self) -> CallerStatement:
        return CallerStatement(self._statements.load("retry_job"), {"id": Oid.UUID})

    @cached_property
    def _read_clock(self) -> CallerStatement:
        return CallerStatement(self._statements.load("read_clock"), {})

    @cached_property
    def _notify(self) -> CallerStatement:
        return CallerStatement(self._statements.load("notify_idle"), _NOTIFY)

    @cached_property
    def _copy(self) -> bytes:
        return self._statements.load("copy_jobs")


def complete(query: bytes, *, job_id: UUID, fence: int, token: int, started_ago: float) -> Operation[bool]:
    """Completes a running job by ``complete_in_transaction.sql``; whether its claim still stood."""
    row = yield Query(_completing(query), [str(job_id), str(fence), str(token), str(started_ago)])
    return row is not None


@lru_cache(maxsize=4)
def _completing(query: bytes) -> CallerStatement:
    return CallerStatement(query, _COMPLETE)


def _uuid(row: Row | None) -> UUID:
    assert row is not None
    return UUID(row[0])


def _clock(row: Row | None) -> tuple[int, int]:
    assert row is not None
    return int(row[0]), int(row[1])


def _made(maker: SessionIds, count: int) -> JobIds:
    counts = (min(MOST_AT_ONCE, count - done) for done in range(0, count, MOST_AT_ONCE))
    return JobIds(b"".join(map(maker.make, counts)))
