"""Stores many unique jobs on a connection of ours, in one transaction: a statement takes their keys, and those that are
new go in by COPY, as plain jobs do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from psycopg import Connection, Cursor
from psycopg.rows import tuple_row

from pooljobs.db.ids import SessionIds
from pooljobs.db.statements import Statements
from pooljobs.db.store.insert_unique import rule_values, when_values
from pooljobs.db.wire import binary_format
from pooljobs.db.wire.binary_format import Oid, split
from pooljobs.db.wire.bulk_copy import Source
from pooljobs.db.wire.copy_rows import HEADER, Rows
from pooljobs.db.wire.prepared import HotStatement
from pooljobs.db.wire.unique_block import NEW, RULE, Stored, UniqueBlock, refuse_kept, unique_blocks

_TYPES: Final = (
    {"ids": Oid.UUID_ARRAY, "unique_keys": Oid.BYTEA_ARRAY, "run_at": Oid.TIMESTAMPTZ, "delay": Oid.FLOAT8}
    | RULE
    | {"priority": Oid.INT2, "max_retries": Oid.INT4, "payload": Oid.JSONB_ARRAY}
)


class UniqueCopier:
    """Copies unique jobs in on a connection in a transaction. Threads may share it."""

    def __init__(self, statements: Statements) -> None:
        self._read_clock = statements.load("read_clock")
        self._take = HotStatement("take_unique_jobs", statements.load("take_unique_jobs"), types=_TYPES, kept=False)
        self._copy = statements.load("copy_unique_jobs")
        self._tell = statements.load("notify_idle")

    def copy(self, connection: Connection[Any], source: Source, ids: SessionIds) -> Stored:
        """Stores those that are not there, block by block; what became of all of them.

        Raises:
            JobExistsError: The rule says so, and one was there.
            psycopg.Error: The database's, unless ``source`` says that it is the caller's own.
        """
        cursor = Cursor(connection, row_factory=tuple_row)
        rows: Rows | None = None
        parts, count = list[Stored](), 0
        for block in unique_blocks(source):
            made = split(ids.make(len(block.keys)), 16)
            part, *new = self._taken(connection, block, made)
            refuse_kept(block.job, part)
            if new[0]:
                rows = rows or self._rows(cursor)
                with cursor.copy(self._copy) as copy:
                    copy.write(HEADER + rows.write_unique(block.job, *new))
            parts.append(part)
            count += len(part.letters)
            source.tell(count)
        source.tell(count, finally_=True)
        if rows is not None:
            cursor.execute(self._tell, {"queues": list(rows.due), "run_ats": list(rows.due.values())}, prepare=False)
        return Stored.whole(parts)

    def _rows(self, cursor: Cursor[Any]) -> Rows:
        clock = cursor.execute(self._read_clock, prepare=False).fetchone()
        assert clock is not None
        return Rows(clock[0])

    def _taken(self, connection: Connection[Any], block: UniqueBlock, made: Sequence[bytes]) -> _Taken:
        """Keys are taken in their order; to sort them here costs less than to have the server do it."""
        order = sorted(range(len(made)), key=block.keys.__getitem__)
        found, letters = self._take.row(connection, _parameters(block, made, order))
        if found is None or letters is None:
            return _Taken(block.stored(b"".join(made), NEW * len(made)), made, block.keys, block.payloads)
        outcomes, there = list(NEW * len(made)), list(made)
        for place, letter, job_id in zip(
            order, letters.decode(), split(bytes.fromhex(found.decode()), 16), strict=True
        ):
            outcomes[place], there[place] = letter, job_id
        columns = made, block.keys, block.payloads
        new = ([each for each, letter in zip(column, outcomes, strict=True) if letter == NEW] for column in columns)
        return _Taken(block.stored(b"".join(there), "".join(outcomes)), *new)


class _Taken(NamedTuple):
    """What became of a block's jobs; and of those that are to be stored ids, keys and payloads."""

    stored: Stored
    ids: Sequence[bytes]
    keys: Sequence[bytes]
    payloads: Sequence[bytes]


def _parameters(block: UniqueBlock, made: Sequence[bytes], order: Sequence[int]) -> list[bytes | None]:
    job, payloads = block.job, None
    if block.rule.replaces:
        payloads = binary_format.array(Oid.JSONB, [binary_format.jsonb(block.payloads[place]) for place in order])
    return [
        binary_format.raw_array(Oid.UUID, 16, [made[place] for place in order]),
        binary_format.raw_array(Oid.BYTEA, 32, [block.keys[place] for place in order]),
        *when_values(job),
        *rule_values(block.rule),
        binary_format.int2(job.priority),
        binary_format.int4(job.max_retries),
        payloads,
    ]
