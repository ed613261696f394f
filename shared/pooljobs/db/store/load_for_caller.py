"""Stores many jobs on a connection of the caller's, sync or async: all or none, and with the caller's transaction.

In a transaction they have a savepoint of their own, so that what is refused leaves the rest of it as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from psycopg import AsyncConnection, AsyncCursor, Connection, Cursor
from psycopg.pq import PipelineStatus
from psycopg.rows import tuple_row

from pooljobs.db import columns
from pooljobs.db.ids import JobIds, SessionIds
from pooljobs.db.refused import translated
from pooljobs.db.statements import Statements
from pooljobs.db.wire.bulk_copy import Copier, Source
from pooljobs.db.wire.copy_blocks import alike
from pooljobs.job.new_job import NewJob

_AS_WRITTEN: Final = (b"UTF8", b"SQL_ASCII")
"""Encodings of a client in which the server takes the bytes of COPY as they are."""

OnProgress = Callable[[int], None] | None


def load_with(
    connection: Connection[Any], schema: str, job: NewJob, payloads: Iterable[bytes], on_progress: OnProgress = None
) -> JobIds:
    """Stores jobs that differ in their payloads alone; their ids in the same order.

    Raises:
        NotMigratedError: The schema is not in this database.
        DatabaseRefusedError: The user may not enqueue.
        PayloadError: PostgreSQL refused a payload.
        psycopg.Error: Whatever else befalls the connection or its transaction.
    """
    statements, source = Statements(schema), Source(alike(job, payloads), on_progress)
    if not source.begin():
        return JobIds(b"")
    cursor = Cursor(connection, row_factory=tuple_row)  # whatever the connection's own
    with translated(schema, unless=source.runs):
        clock = cursor.execute(statements.load("read_clock"), prepare=False).fetchone()  # begins, if that is needed
        with connection.transaction():
            if _takes_copy(connection):
                return Copier(statements).copy(connection, source)
            inserts = _Inserts(statements, source, clock)
            for parameters in inserts.parameters():
                cursor.execute(inserts.text, parameters, prepare=False)
            return JobIds(inserts.ids)


async def load_with_async(
    connection: AsyncConnection[Any],
    schema: str,
    job: NewJob,
    payloads: Iterable[bytes],
    on_progress: OnProgress = None,
) -> JobIds:
    """As ``load_with``, on an asynchronous connection."""
    statements, source = Statements(schema), Source(alike(job, payloads), on_progress)
    if not source.begin():
        return JobIds(b"")
    cursor = AsyncCursor(connection, row_factory=tuple_row)
    with translated(schema, unless=source.runs):
        clock = await (await cursor.execute(statements.load("read_clock"), prepare=False)).fetchone()
        async with connection.transaction():
            if _takes_copy(connection):
                return await Copier(statements).copy_async(connection, source)
            inserts = _Inserts(statements, source, clock)
            for parameters in inserts.parameters():
                await cursor.execute(inserts.text, parameters, prepare=False)
            return JobIds(inserts.ids)


def _takes_copy(connection: Connection[Any] | AsyncConnection[Any]) -> bool:
    """Not in a pipeline, nor where the server would convert what it is sent from another encoding."""
    pgconn = connection.pgconn
    in_pipeline = pgconn.pipeline_status != PipelineStatus.OFF
    return not in_pipeline and pgconn.parameter_status(b"client_encoding") in _AS_WRITTEN


class _Inserts:
    """The same as statements, each of a block's jobs."""

    def __init__(self, statements: Statements, source: Source, clock: tuple[int, int] | None) -> None:
        assert clock is not None
        self.text = statements.load("insert_jobs")
        self.ids = bytearray()
        self._source = source
        self._maker = SessionIds(clock[1])

    def parameters(self) -> Iterator[dict[str, object]]:
        """Those of each statement."""
        while self._source.block is not None:
            yield self._of(*self._source.block)
            self._source.tell(len(self.ids) // 16)
            self._source.advance()
        self._source.tell(len(self.ids) // 16, finally_=True)

    def _of(self, job: NewJob, payloads: list[bytes]) -> dict[str, object]:
        count = len(payloads)
        ids = JobIds(self._maker.make(count))
        self.ids += ids.packed
        values: dict[str, object] = {name: [one.value(job)] * count for name, one in columns.given()}
        values[columns.PAYLOAD] = [payload.decode() for payload in payloads]
        return values | {
            "ids": [*ids],
            "run_ats": [job.run_at] * count,
            "delays": [job.delay_secs] * count,
            "early": False,
        }
