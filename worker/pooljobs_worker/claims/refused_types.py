"""Job types of which this worker's code has lately refused a payload. Pure: no clock, no database.

What it refused once it would refuse again. So its claims pass over refused jobs of these types until they are overdue
(``claim.sql``): if there is a worker whose code takes them, that one has them when they are due.
"""

from __future__ import annotations

from typing import Final

from pooljobs.job.refusal_delay import LONGEST_SECS

MEMORY_SECS: Final = 2 * LONGEST_SECS
"""A type is forgotten this many seconds after its last refusal: by then the job that was refused has been due again."""


class RefusedTypes:
    """Times are seconds of one monotonic clock, passed in. Any thread adds, one asks."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def add(self, job_type: str, now: float) -> None:
        """A payload of this type was refused."""
        self._until[job_type] = now + MEMORY_SECS

    def names(self, now: float) -> list[str]:
        """The types that are remembered; empty in nearly all workers at nearly all times."""
        if not self._until:
            return []
        for name, until in tuple(self._until.items()):
            if now >= until:
                self._until.pop(name, None)
        return list(self._until)
