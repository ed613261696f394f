"""Loads many jobs by COPY, the fastest way in: no statement to parse for a row, and no array to build for a column.

Used by the producer for ``enqueue_many``. Ids are made here, by the database's clock, so that they can be returned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from psycopg import Connection, Copy

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
        block = source.next_block()
        if block is None:
            return JobIds(b"")
        load = self._begin(connection)
        while block is not None:
            until = load.count + MOST
            lost = cut_off(connection, ValueError, unless=source.runs)
            with lost, connection.cursor() as cursor, cursor.copy(self._copy) as copy:
                copy.write(HEADER)
                while block is not None and load.count < until:
                    load.send(copy, *block)
                    source.tell(load.count)
                    block = source.next_block()
                load.send_rest(copy)
        source.tell(load.count, finally_=True)
        due = load.rows.due
        connection.execute(self._tell, {"queues": list(due), "run_ats": list(due.values())})
        return JobIds(load.ids)

    def _begin(self, connection: Connection[Any]) -> _Load:
        row = connection.execute(self._read_clock).fetchone()
        assert row is not None
        return _Load(*row)


class _Load:
    """What was sent so far."""

    def __init__(self, now_us: int, clock_us: int) -> None:
        self.rows = Rows(now_us)
        self.ids = bytearray()
        self.count = 0
        self._maker = SessionIds(clock_us)
        self._gathered: list[bytes] = []
        self._size = 0

    def send(self, copy: Copy, job: NewJob, payloads: list[bytes]) -> None:
        """Sends a block, or keeps it until it is worth it."""
        ids = self._maker.make(len(payloads))
        rows = self.rows.write(ids, job, payloads)
        self.ids += ids
        self.count += len(payloads)
        self._gathered.append(rows)
        self._size += len(rows)
        if self._size >= WRITTEN:
            self.send_rest(copy)

    def send_rest(self, copy: Copy) -> None:
        """Sends what was kept."""
        copy.write(b"".join(self._gathered))
        self._gathered.clear()
        self._size = 0


class Source:
    """The jobs, from the caller's code, and whether that runs just now: an error is its own then.

    ``on_progress`` hears now and then how many were sent.
    """

    def __init__(self, blocks: Iterable[Block], on_progress: Callable[[int], None] | None = None) -> None:
        self._blocks = iter(blocks)
        self._on_progress = on_progress
        self._told = 0
        self._runs = False
        self._first: Block | None = None
        self._fetched = 0

    def next_block(self) -> Block | None:
        """The next jobs; None at the end."""
        if self._first is not None and not self._fetched:
            block: Block | None = self._first
        else:
            self._runs = True
            block = next(self._blocks, None)
            self._runs = False
        if block is not None:
            self._first = None if self._fetched else block
            self._fetched += 1
        return block

    def rewind(self) -> bool:
        """Begin anew. False if that cannot be: only the first block is kept."""
        if self._fetched > 1:
            return False
        self._fetched = self._told = 0
        return True

    def tell(self, count: int, *, finally_: bool = False) -> None:
        """Tells how many were sent, if it is worth it."""
        if self._on_progress is None or count == self._told or (count < self._told + TOLD and not finally_):
            return
        self._told = count
        self._runs = True
        self._on_progress(count)
        self._runs = False

    def runs(self) -> bool:
        """Whether the caller's code runs, or raised."""
        return self._runs
