"""Arrays of numbers and ids in the server's binary format, whether their values are all alike or not."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pooljobs.db import arrays
from pooljobs.db.arrays import Float8Array, Int2Array, Int8Array, UuidArray

HEAD = struct.Struct("!iiIii")
Array = UuidArray | Int8Array | Int2Array | Float8Array


def unpacked(dumped: bytes) -> tuple[int, list[bytes]]:
    """The element type and the values, read as the server reads them."""
    dimensions, nulls, element, count, lower = HEAD.unpack_from(dumped)
    assert (dimensions, nulls, lower) == (1, 0, 1)
    at, values = HEAD.size, []
    while at < len(dumped):
        (length,) = struct.unpack_from("!i", dumped, at)
        values.append(dumped[at + 4 : at + 4 + length])
        at += 4 + length
    assert len(values) == count
    return element, values


def dumped(array: Array) -> bytes:
    dumper = getattr(arrays, f"_{type(array).__name__}Dumper")
    return bytes(dumper(type(array)).dump(array))


@given(st.lists(st.binary(min_size=16, max_size=16), max_size=5))
def test_ids(values: list[bytes]) -> None:
    assert unpacked(dumped(UuidArray(values))) == (2950, values)


@pytest.mark.parametrize(("kind", "element", "letter"), [(Int8Array, 20, "!q"), (Int2Array, 21, "!h")])
@given(values=st.lists(st.integers(-(2**15), 2**15 - 1), max_size=5) | st.lists(st.just(7), max_size=5))
def test_whole_numbers(kind: type[Int8Array | Int2Array], element: int, letter: str, values: list[int]) -> None:
    assert unpacked(dumped(kind(values))) == (element, [struct.pack(letter, value) for value in values])


@given(st.lists(st.floats(allow_nan=False), max_size=5) | st.lists(st.just(-1.0), max_size=5))
def test_seconds(values: list[float]) -> None:
    element, packed = unpacked(dumped(Float8Array(values)))
    assert (element, [struct.unpack("!d", value)[0] for value in packed]) == (701, values)
