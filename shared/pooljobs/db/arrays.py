"""Arrays as parameters of cursors, sent as binary and without a Python object for each id.

psycopg writes lists as text, value by value with escaping, which was a third of a worker's time at large batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg import Connection
from psycopg.adapt import Dumper
from psycopg.pq import Format

from pooljobs.db import binary
from pooljobs.db.binary import Oid


class TextArray:
    """A parameter of type text[]."""

    __slots__ = ("values",)

    def __init__(self, values: Sequence[str]) -> None:
        self.values = values


class LevelArray:
    """A parameter of type smallint[] with nulls: priority levels, None for all of them."""

    __slots__ = ("values",)

    def __init__(self, values: Sequence[int | None]) -> None:
        self.values = values


class UuidArray:
    """A parameter of type uuid[], made of raw 16-byte ids."""

    __slots__ = ("values",)

    def __init__(self, values: Sequence[bytes]) -> None:
        self.values = values


class PlaceArray:
    """A parameter of type tid[] with nulls, made of raw 6-byte places; None for a row whose place is not known."""

    __slots__ = ("values",)

    def __init__(self, values: Sequence[bytes | None]) -> None:
        self.values = values


class TimeArray:
    """A parameter of type timestamptz[], made of raw 8-byte times as the server sends them."""

    __slots__ = ("values",)

    def __init__(self, values: Sequence[bytes]) -> None:
        self.values = values


class Int8Array:
    """A parameter of type bigint[]."""

    __slots__ = ("values",)

    def __init__(self, values: Sequence[int]) -> None:
        self.values = values


class Int2Array:
    """A parameter of type smallint[]."""

    __slots__ = ("values",)

    def __init__(self, values: Sequence[int]) -> None:
        self.values = values


class Float8Array:
    """A parameter of type double precision[]."""

    __slots__ = ("values",)

    def __init__(self, values: Sequence[float]) -> None:
        self.values = values


class _Binary(Dumper):
    format = Format.BINARY


class _TextArrayDumper(_Binary):
    oid = Oid.TEXT_ARRAY

    def dump(self, obj: TextArray) -> bytes:
        return binary.texts(obj.values)


class _LevelArrayDumper(_Binary):
    oid = Oid.INT2_ARRAY

    def dump(self, obj: LevelArray) -> bytes:
        return binary.levels(obj.values)


class _UuidArrayDumper(_Binary):
    oid = Oid.UUID_ARRAY

    def dump(self, obj: UuidArray) -> bytes:
        return binary.raw_array(Oid.UUID, 16, obj.values)


class _TimeArrayDumper(_Binary):
    oid = Oid.TIMESTAMPTZ_ARRAY

    def dump(self, obj: TimeArray) -> bytes:
        return binary.raw_array(Oid.TIMESTAMPTZ, 8, obj.values)


class _PlaceArrayDumper(_Binary):
    oid = Oid.TID_ARRAY

    def dump(self, obj: PlaceArray) -> bytes:
        return binary.raw_array_with_nulls(Oid.TID, 6, obj.values)


class _Int8ArrayDumper(_Binary):
    oid = Oid.INT8_ARRAY

    def dump(self, obj: Int8Array) -> bytes:
        return binary.numbers(Oid.INT8, "q", obj.values)


class _Int2ArrayDumper(_Binary):
    oid = Oid.INT2_ARRAY

    def dump(self, obj: Int2Array) -> bytes:
        return binary.numbers(Oid.INT2, "h", obj.values)


class _Float8ArrayDumper(_Binary):
    oid = Oid.FLOAT8_ARRAY

    def dump(self, obj: Float8Array) -> bytes:
        return binary.numbers(Oid.FLOAT8, "d", obj.values)


def register_arrays(connection: Connection[Any]) -> None:
    """Teaches one connection to take these parameters."""
    adapters = connection.adapters
    adapters.register_dumper(TextArray, _TextArrayDumper)
    adapters.register_dumper(LevelArray, _LevelArrayDumper)
    adapters.register_dumper(UuidArray, _UuidArrayDumper)
    adapters.register_dumper(TimeArray, _TimeArrayDumper)
    adapters.register_dumper(PlaceArray, _PlaceArrayDumper)
    adapters.register_dumper(Int8Array, _Int8ArrayDumper)
    adapters.register_dumper(Int2Array, _Int2ArrayDumper)
    adapters.register_dumper(Float8Array, _Float8ArrayDumper)
