"""Values in the server's binary formats (its ``typreceive``), and the OIDs of their types: what hot statements send."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Final, cast

_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

# Number of dimensions, has-nulls flag, element type; then the one dimension's length and lower bound.
_HEADER: Final = struct.Struct("!iiIii")
_LEVEL: Final = struct.Struct("!ih")
_NULL: Final = struct.pack("!i", -1)

int2 = struct.Struct("!h").pack
int4 = struct.Struct("!i").pack
int8 = struct.Struct("!q").pack
float8 = struct.Struct("!d").pack
boolean = struct.Struct("?").pack


class Oid(IntEnum):
    """Of ``pg_type``, where it never changes."""

    BOOL = 16
    BYTEA = 17
    INT8 = 20
    INT2 = 21
    INT4 = 23
    TEXT = 25
    TID = 27
    FLOAT8 = 701
    BYTEA_ARRAY = 1001
    INT2_ARRAY = 1005
    TEXT_ARRAY = 1009
    TID_ARRAY = 1010
    INT4_ARRAY = 1007
    INT8_ARRAY = 1016
    FLOAT8_ARRAY = 1022
    TIMESTAMPTZ = 1184
    TIMESTAMPTZ_ARRAY = 1185
    UUID = 2950
    UUID_ARRAY = 2951
    JSON = 114
    JSON_ARRAY = 199
    JSONB = 3802
    JSONB_ARRAY = 3807


ARRAYS: Final = {
    Oid.INT2: Oid.INT2_ARRAY,
    Oid.INT4: Oid.INT4_ARRAY,
    Oid.TEXT: Oid.TEXT_ARRAY,
    Oid.JSONB: Oid.JSONB_ARRAY,
}
"""The array's type, by its elements'."""


def text(value: str | None) -> bytes | None:
    """A text, or null. The connection's encoding has to be UTF-8."""
    return None if value is None else value.encode()


def jsonb(document: bytes) -> bytes:
    """A jsonb, from its text: a 1 for the version of the format is in front."""
    return b"\x01" + document


def timestamptz(when: datetime) -> bytes:
    """An aware time."""
    return int8(micros(when))


def micros(when: datetime) -> int:
    """Microseconds since 2000, which is how the server counts."""
    return (when - _EPOCH) // _MICROSECOND


def moment(micros_since_2000: int) -> datetime:
    """The other way round."""
    return _EPOCH + micros_since_2000 * _MICROSECOND


def head(element: Oid, count: int, *, nulls: bool = False) -> bytes:
    """What an array of one dimension begins with."""
    return _HEADER.pack(1, nulls, element, count, 1)


def texts(values: Sequence[str | None]) -> bytes:
    """A text[] in which None is null."""
    return head(Oid.TEXT, len(values), nulls=True) + b"".join(map(counted, values))


def counted(value: str | None) -> bytes:
    """A text, or null, as it stands in an array: behind its length."""
    return field(None if value is None else value.encode())


def field(value: bytes | None) -> bytes:
    """A value, or null, as it stands in an array or a row of COPY: behind its length."""
    return _NULL if value is None else len(value).to_bytes(4) + value


def array(element: Oid, values: Sequence[bytes | None]) -> bytes:
    """An array of values that are binary already; None is null."""
    if None in values:
        return head(element, len(values), nulls=True) + b"".join(map(field, values))
    whole = cast("Sequence[bytes]", values)
    return head(element, len(whole)) + b"".join([len(value).to_bytes(4) + value for value in whole])


def repeated(element: Oid, value: bytes | None, count: int) -> bytes:
    """An array of so many times the same value, or null."""
    return head(element, count, nulls=True) + field(value) * count


def levels(values: Sequence[int | None]) -> bytes:
    """A smallint[] with nulls."""
    packed = [_NULL if level is None else _LEVEL.pack(2, level) for level in values]
    return head(Oid.INT2, len(values), nulls=True) + b"".join(packed)


def raw_array(element: Oid, size: int, values: Sequence[bytes]) -> bytes:
    """An array of values of one size that are binary already: a length before each, without a loop."""
    if not values:
        return head(element, 0)
    length = int4(size)
    return head(element, len(values)) + length + length.join(values)


def raw_array_with_nulls(element: Oid, size: int, values: Sequence[bytes | None]) -> bytes:
    """As ``raw_array``, but None is null; nearly always there is none."""
    if None not in values:
        return raw_array(element, size, cast("Sequence[bytes]", values))
    length = int4(size)
    packed = [_NULL if value is None else length + value for value in values]
    return head(element, len(values), nulls=True) + b"".join(packed)


def numbers(element: Oid, letter: str, values: Sequence[float]) -> bytes:
    """An array of numbers; ``letter`` is the element's format in ``struct``."""
    count, size = len(values), struct.calcsize(f"!{letter}")
    if count and values.count(values[0]) == count:  # one claim's tokens, verdicts, most fences: packed once
        return head(element, count) + struct.pack(f"!i{letter}", size, values[0]) * count
    pairs: list[float] = [size] * (2 * count)
    pairs[1::2] = values
    return head(element, count) + struct.pack("!" + f"i{letter}" * count, *pairs)


def split(packed: bytes, size: int) -> tuple[bytes, ...]:
    """The pieces of ``size`` bytes that a statement has strung together."""
    return struct.unpack(f"{size}s" * (len(packed) // size), packed)
