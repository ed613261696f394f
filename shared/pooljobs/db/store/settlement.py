"""Carries out settlements: one statement a batch. Called by the worker for what ran and by the steward for the dead."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any, Final, NamedTuple

import psycopg
from psycopg import Connection
from psycopg import errors as pg

from pooljobs.db.error_classes import one_line, too_large
from pooljobs.db.error_kinds import ErrorKind, kind_of
from pooljobs.db.statements import Statements
from pooljobs.db.wire import binary_format
from pooljobs.db.wire.binary_format import Oid, split
from pooljobs.db.wire.prepared import HotStatement
from pooljobs.job.error_text import LONGEST_HEADLINE
from pooljobs.job.verdict import Settlement, Verdict

_NONE: Final = -1.0
"""Stands for null in the arrays of seconds, which are sent without nulls."""

_COMPLETED_TYPES: Final = {
    "ids": Oid.UUID_ARRAY,
    "places": Oid.TID_ARRAY,
    "fences": Oid.INT8_ARRAY,
    "tokens": Oid.INT8_ARRAY,
    "started_ago": Oid.FLOAT8_ARRAY,
}
_TYPES: Final = _COMPLETED_TYPES | {
    "verdicts": Oid.INT2_ARRAY,
    "errors": Oid.TEXT_ARRAY,
    "delays": Oid.FLOAT8_ARRAY,
    "run_ats": Oid.TIMESTAMPTZ_ARRAY,
    "results": Oid.JSON_ARRAY,
    "notes": Oid.TEXT_ARRAY,
}

_COMPLETED: Final = Verdict.COMPLETED

_by_id = attrgetter("job_id")


class Settled(NamedTuple):
    """What became of a batch, but for the settlements that were accepted: ids.

    Attributes:
        refused: Their claims had been lost to somebody else.
        unstorable: Not to be stored even by themselves, nor with a shorter error; nothing was done about them.
        hindered: Refused even by themselves, by a trigger perhaps, with the error; nothing was done about them either.
    """

    refused: set[bytes]
    unstorable: set[bytes]
    hindered: dict[bytes, psycopg.Error]


class SettlementBatch:
    """Settles batches, on any connections. Threads may share it."""

    def __init__(self, statements: Statements) -> None:
        self._completed = HotStatement("settle", statements.load("settle"), types=_COMPLETED_TYPES)
        self._statement = HotStatement("settle_full", statements.load("settle_full"), types=_TYPES)
        self._make_partitions = statements.load("make_partitions")

    def settle(self, connection: Connection[Any], batch: Sequence[Settlement]) -> Settled:
        """Settles the batch: in one statement, or by halves where it is too large for one, or some of it is refused.

        A missing history partition is made on the spot, so that it never costs a settlement.

        Raises:
            psycopg.Error: The database is away, a deadlock was broken, or it refuses whatever is settled; try again.
                What was settled in parts by then is refused the next time.
        """
        settled = Settled(set(), set(), {})
        if batch:
            self._in_parts(connection, sorted(batch, key=_by_id), settled)
        return settled

    def _in_parts(self, connection: Connection[Any], ordered: Sequence[Settlement], settled: Settled) -> None:
        try:
            settled.refused.update(self._whole(connection, ordered))
        except psycopg.Error as error:
            large = too_large(error)
            if not large and kind_of(error) is not ErrorKind.REFUSED:
                raise
            if len(ordered) == 1 or not large:
                self._settle_nothing(connection)
            if len(ordered) == 1:
                self._alone(connection, ordered[0], error, settled)
                return
            middle = len(ordered) // 2
            self._in_parts(connection, ordered[:middle], settled)
            self._in_parts(connection, ordered[middle:], settled)

    def _settle_nothing(self, connection: Connection[Any]) -> None:
        """Raises if the server cannot even do that: then it is nobody's fault."""
        self._completed.row(connection, _completed_values([], by_place=False))

    def _alone(self, connection: Connection[Any], item: Settlement, error: psycopg.Error, settled: Settled) -> None:
        """What was refused or too large by itself, once more with less to say: its result undoes no job."""
        shorter = _shorter(item, error)
        if shorter is not None:
            try:
                settled.refused.update(self._whole(connection, [shorter]))
            except psycopg.Error as again:
                error = again
            else:
                return
        if too_large(error):
            settled.unstorable.add(item.job_id)
        elif kind_of(error) is ErrorKind.REFUSED:
            settled.hindered[item.job_id] = error
        else:
            raise error

    def _whole(self, connection: Connection[Any], ordered: Sequence[Settlement]) -> set[bytes]:
        """The refused ids."""
        refused = self._try(connection, ordered, by_place=True)
        if refused and any(item.place is not None for item in ordered):  # the table may have been written anew
            moved = [item for item in ordered if item.job_id in refused]
            refused = self._try(connection, moved, by_place=False)
        return refused

    def _try(self, connection: Connection[Any], ordered: Sequence[Settlement], *, by_place: bool) -> set[bytes]:
        """The refused ids."""
        if _is_plain(ordered):
            statement, values = self._completed, _completed_values(ordered, by_place=by_place)
        else:
            statement, values = (
                self._statement,
                [
                    *_completed_values(ordered, by_place=by_place),
                    *_verdict_values(ordered),
                    *_kept_values(ordered),
                ],
            )
        try:
            accepted, *_ = statement.row(connection, values)
        except pg.CheckViolation as error:
            if error.diag.constraint_name:  # a constraint of ours; "no partition found for row" names none
                raise
            connection.execute(self._make_partitions)
            accepted, *_ = statement.row(connection, values)
        if accepted is not None and len(accepted) == 16 * len(ordered):
            return set()
        return {item.job_id for item in ordered}.difference(split(accepted or b"", 16))


def _is_plain(batch: Sequence[Settlement]) -> bool:
    """Whether all of it completed, and nothing is kept of what was returned: ``settle.sql`` is for that."""
    for item in batch:  # noqa: SIM110  # a generator takes five times as long
        if item.verdict is not _COMPLETED or item.kept is not None:
            return False
    return True


def _shorter(item: Settlement, error: psycopg.Error) -> Settlement | None:
    """The same with what can be left out; None where there is nothing."""
    large = too_large(error)
    if isinstance(item.kept, bytes):
        why = "too large for PostgreSQL" if large else f"refused by the database: {one_line(error)}"
        return replace(item, kept=why[:LONGEST_HEADLINE])
    return replace(item, error=None if item.error is None else item.error[:LONGEST_HEADLINE]) if large else None


def _completed_values(batch: Sequence[Settlement], *, by_place: bool) -> list[bytes | None]:
    now = time.monotonic_ns()
    places = [item.place for item in batch] if by_place else []
    return [
        binary_format.raw_array(Oid.UUID, 16, [item.job_id for item in batch]),
        binary_format.raw_array_with_nulls(Oid.TID, 6, places) if any(places) else None,
        binary_format.numbers(Oid.INT8, "q", [item.fence for item in batch]),
        binary_format.numbers(Oid.INT8, "q", [item.token for item in batch]),
        binary_format.numbers(
            Oid.FLOAT8, "d", [(now - item.started_ns) / 1e9 if item.started_ns else _NONE for item in batch]
        ),
    ]


def _verdict_values(batch: Sequence[Settlement]) -> list[bytes | None]:
    verdicts, errors = [item.verdict for item in batch], [item.error for item in batch]
    told = binary_format.texts(errors) if any(errors) else None  # unnest() fills up shorter arrays with nulls
    if (count := len(batch)) == verdicts.count(_COMPLETED):  # of some a result is kept, and no more is to be said
        delays = binary_format.repeated(Oid.FLOAT8, binary_format.float8(_NONE), count)
        return [binary_format.repeated(Oid.INT2, binary_format.int2(_COMPLETED), count), told, delays, None]
    run_ats = [None if item.run_at is None else binary_format.timestamptz(item.run_at) for item in batch]
    return [
        binary_format.numbers(Oid.INT2, "h", verdicts),
        told,
        binary_format.numbers(Oid.FLOAT8, "d", [_NONE if item.delay is None else item.delay for item in batch]),
        binary_format.raw_array_with_nulls(Oid.TIMESTAMPTZ, 8, run_ats) if any(run_ats) else None,
    ]


def _kept_values(batch: Sequence[Settlement]) -> list[bytes | None]:
    kept = [item.kept for item in batch]
    results = [one if isinstance(one, bytes) else None for one in kept]
    notes = [one if isinstance(one, str) else None for one in kept] if None in results else []
    return [
        binary_format.array(Oid.JSON, results) if any(results) else None,
        binary_format.texts(notes) if any(notes) else None,
    ]
