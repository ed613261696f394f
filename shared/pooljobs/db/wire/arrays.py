"""Arrays as parameters of cursors, sent as binary and without a Python object for each id.

psycopg writes lists as text, value by value with escaping, which was a third of a worker's time at large batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg import Connection
from psycopg.adapt import Dumper
from psycopg.pq import Format

from pooljobs.db.wire import binary_format
from pooljobs.db.wire.binary_format import Oid


class UuidArray:
    """A parameter of type uuid[], made of raw 16-byte ids."""

    __slots__ = ("values",)

    def __init__(self, values: Sequence[bytes]) -> None:
        self.values = values


class Int8Array:
    """A parameter of type bigint[]."""

    __slots__ = ("values",)

    def __init__(self, values: Sequence[int]) -> None:
        self.values = values


class _Binary(Dumper):
    format = Format.BINARY


class _UuidArrayDumper(_Binary):
    oid = Oid.UUID_ARRAY

    def dump(self, obj: UuidArray) -> bytes:
        return binary_format.raw_array(Oid.UUID, 16, obj.values)


class _Int8ArrayDumper(_Binary):
    oid = Oid.INT8_ARRAY

    def dump(self, obj: Int8Array) -> bytes:
        return binary_format.numbers(Oid.INT8, "q", obj.values)


def register_arrays(connection: Connection[Any]) -> None:
    """Teaches one connection to take these parameters."""
    adapters = connection.adapters
    adapters.register_dumper(UuidArray, _UuidArrayDumper)
    adapters.register_dumper(Int8Array, _Int8ArrayDumper)
