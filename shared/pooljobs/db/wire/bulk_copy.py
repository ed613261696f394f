"""Loads many jobs by COPY, the fastest way in: no statement to parse for a row, and no array to build for a column.

Used by the producer for ``enqueue_many``, and on callers' connections that can. Ids are made here, by the database's
clock, so that they can be returned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from psycopg import Connection, Cursor
from psycopg.rows import tuple_row

from pooljobs.db.broken_connection import cut_off
from pooljobs.db.ids import JobIds, SessionIds
from pooljobs.db.statements import Statements
from pooljobs.db.wire.copy_blocks import Block
from pooljobs.db.wire.copy_rows import HEADER, Rows
from pooljobs.job.new_job import NewJob

MOST = 32_000
"""Jobs after which a COPY ends and the next begins, so that no statement takes too long."""

WRITTEN = 1 << 16
"""Bytes that are gathered before they are sent: each sending has a price."""

TOLD = 1000
"""Jobs after which the caller hears of the progress."""


class Copier:
    """Copies jobs in on a connection in a transaction: its ``now()`` is where delays count from."""

    def __init__(self, statements: Statements) -> None:
        self._read_clock = statements.load("read_clock")
        self._copy = statements.load("copy_jobs")
        self._tell = statements.load("notify_idle")

    def copy(self, connection: Connection[Any], source: Source) -> JobIds:
        """Stores the jobs; their ids in the same order, ascending.

        Only a block is in memory at a time, and 16 bytes for each job.

        Raises:
            psycopg.Error: The database's, unless ``source`` says that it is the caller's own.
        """
        if not source.begin():
            return JobIds(b"")
        cursor = Cursor(connection, row_factory=tuple_row)
        load = BulkLoad(source, cursor.execute(self._read_clock, prepare=False).fetchone())
        while load.more:
            with cut_off(connection, ValueError, unless=source.runs), cursor.copy(self._copy) as copy:
                for chunk in load.chunks():
                    copy.write(chunk)
        source.tell(load.count, finally_=True)
        cursor.execute(self._tell, load.due(), prepare=False)
        return JobIds(load.ids)


class BulkLoad:
    """What was sent so far of a source that has begun."""

    def __init__(self, source: Source, clock: tuple[int, int] | None) -> None:
        assert clock is not None
        now_us, clock_us = clock
        self.ids = bytearray()
        self.count = 0
        self._source = source
        self._rows = Rows(now_us)
        self._maker = SessionIds(clock_us)

    @property
    def more(self) -> bool:
        """Whether there is something left for another COPY."""
        return self._source.block is not None

    def chunks(self) -> Iterator[bytes]:
        """What one COPY has to send, in pieces that are worth it. What the source raises is raised."""
        until = self.count + MOST
        gathered, size = [HEADER], 0
        while (block := self._source.block) is not None and self.count < until:
            rows = self._add(*block)
            gathered.append(rows)
            size += len(rows)
            if size >= WRITTEN:
                yield b"".join(gathered)
                gathered, size = [], 0
            self._source.tell(self.count)
            self._source.advance()
        yield b"".join(gathered)

    def due(self) -> dict[str, list[Any]]:
        """Parameters of the statement that tells idle hosts, in their order."""
        due = self._rows.due
        return {"queues": list(due), "run_ats": list(due.values())}

    def _add(self, job: NewJob, payloads: list[bytes]) -> bytes:
        ids = self._maker.make(len(payloads))
        self.ids += ids
        self.count += len(payloads)
        return self._rows.write(ids, job, payloads)


class Source:
    """The jobs, from the caller's code, and whether that runs just now: an error is its own then.

    ``on_progress`` hears now and then how many were sent.

    Attributes:
        block: The jobs that are to be sent next; None before the beginning, and at the end.
    """

    def __init__(self, blocks: Iterable[Block], on_progress: Callable[[int], None] | None = None) -> None:
        self.block: Block | None = None
        self._blocks = iter(blocks)
        self._on_progress = on_progress
        self._told = 0
        self._runs = False
        self._first: Block | None = None
        self._fetched = 0

    def begin(self) -> bool:
        """Has the first block at hand, once more after ``rewind``. False if there is none."""
        if self._first is None:
            self._first = self._fetch()
        self.block = self._first
        return self.block is not None

    def advance(self) -> None:
        """Goes on to the next block."""
        self.block = self._fetch()
        if self.block is not None:
            self._first = None

    def jobs(self) -> Iterator[NewJob]:
        """All of them, one by one."""
        self.begin()
        while self.block is not None:
            job, payloads = self.block
            yield from (job._replace(payload=payload) for payload in payloads)
            self.advance()

    def rewind(self) -> bool:
        """Whether it may begin anew: only the first block is kept, and no other was taken from the caller's code."""
        self._told = 0
        return self._fetched <= 1

    def tell(self, count: int, *, finally_: bool = False) -> None:
        """Tells how many were sent, if it is worth it; ``finally_``: in any case, since the commit comes next."""
        if self._on_progress is None or (count < self._told + TOLD and not finally_):
            return
        self._told = count
        self._runs = True
        self._on_progress(count)
        self._runs = False

    def runs(self) -> bool:
        """Whether the caller's code runs, or raised."""
        return self._runs

    def _fetch(self) -> Block | None:
        self._runs = True
        block = next(self._blocks, None)
        self._runs = False
        self._fetched += block is not None
        return block
