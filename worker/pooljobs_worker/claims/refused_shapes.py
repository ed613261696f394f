"""Shapes of payloads that this worker's code has lately refused. Pure: no clock, no database.

What it refused once it would refuse again. So its claims pass over refused jobs of such a shape until they are overdue
(``pass_over.sql``): if there is a worker whose code takes them, that one has them when they are due. The shape is the
job's type with the names of the payload's fields and the kinds of their values: where each of two versions refuses what
the other takes, both have refused payloads of the type, and only the shape parts them.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Final

from pooljobs.job.refusal_delay import LONGEST_SECS

MEMORY_SECS: Final = 2 * LONGEST_SECS
"""A shape is forgotten so many seconds after its last refusal: by then the job that was refused has been due again."""

MOST: Final = 100
"""Shapes that are remembered, the last ones: each claim takes them along."""

_KINDS: Final = {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}


def shape_of(job_type: str, payload: Any) -> bytes:
    """The shape of a decoded payload, as ``pass_over.sql`` makes it: 32 bytes."""
    told = _kind(payload)
    if isinstance(payload, dict):
        told = ",".join(f"{name}:{_kind(payload[name])}" for name in sorted(payload))
    return sha256(f"{job_type}\n{told}".encode()).digest()


def _kind(value: object) -> str:
    return _KINDS.get(type(value), "number")


class RefusedShapes:
    """Times are seconds of one monotonic clock, passed in. Any thread adds, one asks."""

    def __init__(self) -> None:
        self._until: dict[bytes, float] = {}

    def add(self, shape: bytes, now: float) -> None:
        """A payload of this shape was refused."""
        self._until.pop(shape, None)
        self._until[shape] = now + MEMORY_SECS

    def all(self, now: float) -> list[bytes]:
        """Those that are remembered; none in nearly all workers at nearly all times."""
        if not self._until:
            return []
        by_age = tuple(self._until.items())
        for place, (shape, until) in enumerate(by_age):
            if now >= until or place < len(by_age) - MOST:
                self._until.pop(shape, None)
        return list(self._until)
