"""Writes jobs in COPY's binary format: nothing to parse but the payload, little to do for a row.

A row is the number of its columns, then each column behind its length, -1 for null. Of jobs that differ in their
payloads alone only the id and the payload change from row to row.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from datetime import datetime
from itertools import chain, repeat
from typing import Final

from pooljobs.db import columns
from pooljobs.db.wire.binary_format import field, int2, int8, micros, moment
from pooljobs.job.new_job import NewJob

HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
"""What the data begin with: a signature, no flags, no extension. At the end of the data nothing need follow."""

_MICROS_TO_2000: Final = 946_684_800_000_000
_OTHERS: Final = 2
"""Columns in front of those that ``columns.py`` lists as given: id and run_at."""
_UUID: Final = struct.pack("!i", 16)
_KEY: Final = struct.pack("!i", 32)
_JSONB: Final = struct.Struct("!ib")


class Rows:
    """The rows of one transaction, and when the earliest job of each queue is due.

    Args:
        now_us: The transaction's ``now()``, microseconds since 1970: where delays count from.
    """

    def __init__(self, now_us: int) -> None:
        self._now = now_us - _MICROS_TO_2000
        self._due: dict[str, int] = {}
        given = columns.given()
        self._shared_columns = [one.encode for name, one in given if name != columns.PAYLOAD]
        self._begin = int2(_OTHERS + len(given)) + _UUID
        self._begin_unique = int2(_OTHERS + 1 + len(given)) + _UUID

    @property
    def due(self) -> dict[str, datetime]:
        """By queue, when its earliest job is due."""
        return {queue: moment(due) for queue, due in self._due.items()}

    def write(self, ids: bytes, job: NewJob, payloads: list[bytes]) -> bytes:
        """The rows of jobs that are like ``job`` but for their payloads; ``ids`` are 16 bytes for each."""
        count = len(payloads)
        lengths = [_JSONB.pack(len(payload) + 1, 1) for payload in payloads]  # a 1 for the version of the format
        each = struct.unpack("16s" * count, ids)
        pieces = zip(repeat(self._begin, count), each, repeat(self._shared(job)), lengths, payloads, strict=False)
        return b"".join(chain.from_iterable(pieces))

    def write_unique(
        self, job: NewJob, ids: Sequence[bytes], keys: Sequence[bytes], payloads: Sequence[bytes]
    ) -> bytes:
        """The same, each row with a key of 32 bytes behind its id."""
        begin, shared = repeat(self._begin_unique, len(ids)), repeat(self._shared(job))
        lengths = [_JSONB.pack(len(payload) + 1, 1) for payload in payloads]
        pieces = zip(begin, ids, repeat(_KEY), keys, shared, lengths, payloads, strict=False)
        return b"".join(chain.from_iterable(pieces))

    def _shared(self, job: NewJob) -> bytes:
        run_at = self._run_at(job)
        self._due[job.queue] = min(run_at, self._due.get(job.queue, run_at))
        return field(int8(run_at)) + b"".join(field(encode(job)) for encode in self._shared_columns)

    def _run_at(self, job: NewJob) -> int:
        """Microseconds since 2000."""
        if job.run_at is not None:
            return micros(job.run_at)
        return self._now + round(job.delay_secs * 1_000_000)
