"""Makes UUIDs of version 7 as the database's function does: whoever loses the connection knows what to look for then.

An id is 48 bits of milliseconds, by the database's clock; 12 random bits for each millisecond; then 20 bits that count
and 42 random ones. So what is made together sorts in the order of its making, and 54 random bits keep the ids of
others apart that were made in the same millisecond.
"""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Sequence
from typing import Final, overload
from uuid import UUID

MOST_AT_ONCE: Final = 1 << 16
"""The most ids to make in one call."""

_COUNTED: Final = 1 << 20
_RANDOM_BITS: Final = 42
_VERSION, _VARIANT = 0x7000, 1 << 63


class IdMaker:
    """Ids in ascending order, from a clock that is passed in and may stand still or go back."""

    def __init__(self) -> None:
        self._millis = -1
        self._high = 0
        self._next = 0

    def make(self, count: int, millis: int) -> bytes:
        """``count`` ids, 16 bytes each, at this time: milliseconds since 1970."""
        assert count <= MOST_AT_ONCE
        if millis > self._millis:
            self._begin(millis)
        elif self._next + count > _COUNTED:
            self._begin(self._millis + 1)
        first, self._next = self._next, self._next + count
        words = [self._high] * (2 * count)
        dice = struct.unpack(f"{count}Q", os.urandom(8 * count))
        words[1::2] = [
            _VARIANT | number << _RANDOM_BITS | cast >> 64 - _RANDOM_BITS for number, cast in enumerate(dice, first)
        ]
        return struct.pack(f"!{2 * count}Q", *words)

    def _begin(self, millis: int) -> None:
        self._millis, self._next = millis, 0
        self._high = millis << 16 | _VERSION | int.from_bytes(os.urandom(2), "big") >> 4


class SessionIds:
    """Ids by the database's clock, which was read once: from then on this process's own counts the time."""

    def __init__(self, clock_us: int) -> None:
        """``clock_us``: what the database's clock says now, in microseconds since 1970."""
        self._maker = IdMaker()
        self._millis_at_zero = clock_us // 1000 - _millis()

    def make(self, count: int = 1) -> bytes:
        """As ``IdMaker.make``, for this moment."""
        return self._maker.make(count, self._millis_at_zero + _millis())


def _millis() -> int:
    return time.monotonic_ns() // 1_000_000


class JobIds(Sequence[UUID]):
    """Ids of many jobs, 16 bytes each instead of an object: ``packed`` is all of them."""

    __slots__ = ("packed",)

    def __init__(self, packed: bytes | bytearray) -> None:
        self.packed = packed

    def __len__(self) -> int:
        return len(self.packed) // 16

    @overload
    def __getitem__(self, index: int) -> UUID: ...
    @overload
    def __getitem__(self, index: slice) -> list[UUID]: ...
    def __getitem__(self, index: int | slice) -> UUID | list[UUID]:
        places = range(0, len(self.packed), 16)[index]
        if isinstance(places, range):
            return [self._at(place) for place in places]
        return self._at(places)

    def _at(self, place: int) -> UUID:
        return UUID(bytes=bytes(self.packed[place : place + 16]))
