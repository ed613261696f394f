"""Arrays of numbers and ids in the server's binary format, whether their values are all alike or not."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pooljobs.db.wire import binary_format
from pooljobs.db.wire.binary_format import Oid

HEAD = struct.Struct("!iiIii")


def unpacked(packed: bytes) -> tuple[int, list[bytes]]:
    """The element type and the values, read as the server reads them."""
    dimensions, nulls, element, count, lower = HEAD.unpack_from(packed)
    assert (dimensions, nulls, lower) == (1, 0, 1)
    at, values = HEAD.size, []
    while at < len(packed):
        (length,) = struct.unpack_from("!i", packed, at)
        values.append(packed[at + 4 : at + 4 + length])
        at += 4 + length
    assert len(values) == count
    return element, values


@given(st.lists(st.binary(min_size=16, max_size=16), max_size=5))
def test_ids(values: list[bytes]) -> None:
    assert unpacked(binary_format.raw_array(Oid.UUID, 16, values)) == (2950, values)


@pytest.mark.parametrize(("element", "letter"), [(Oid.INT8, "q"), (Oid.INT2, "h")])
@given(values=st.lists(st.integers(-(2**15), 2**15 - 1), max_size=5) | st.lists(st.just(7), max_size=5))
def test_whole_numbers(element: Oid, letter: str, values: list[int]) -> None:
    sent = unpacked(binary_format.numbers(element, letter, values))
    assert sent == (element, [struct.pack(f"!{letter}", value) for value in values])


@given(st.lists(st.floats(allow_nan=False), max_size=5) | st.lists(st.just(-1.0), max_size=5))
def test_seconds(values: list[float]) -> None:
    element, packed = unpacked(binary_format.numbers(Oid.FLOAT8, "d", values))
    assert (element, [struct.unpack("!d", value)[0] for value in packed]) == (701, values)
