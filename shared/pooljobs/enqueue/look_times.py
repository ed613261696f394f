"""When to look again at jobs that are waited for, since a notification may be missed: soon at first, then now and then.

A settlement that was under way when the wait began may not have seen it, and one may commit late. Pure.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import Final
from uuid import UUID

HEARING: Final = (0.05, 0.2, 1.0, 5.0)
"""Seconds from one look to the next where notifications arrive; the last one holds from then on."""

DEAF: Final = (0.05, 0.1, 0.2, 0.5, 1.0)
"""The same where none do."""

_EARLY: Final = 0.2
"""Of its pause: so much before its time a look is made along with others."""


class LookTimes:
    """Ids that wait for their next look, in the groups in which they came."""

    def __init__(self) -> None:
        self.pauses: tuple[float, ...] = HEARING
        self._groups: list[tuple[float, int, int, Sequence[UUID]]] = []
        self._count = 0  # so that no ids are compared

    def add(self, ids: Sequence[UUID], now: float, step: int = 0) -> None:
        """Has these looked at after the pause of this step; ``now`` is monotonic."""
        if ids:
            self._count += 1
            pause = self.pauses[min(step, len(self.pauses) - 1)]
            heapq.heappush(self._groups, (now + pause, self._count, step, ids))

    def take_due(self, now: float) -> list[tuple[int, Sequence[UUID]]]:
        """What is due, and almost: by step, so that who looked at them can add what is left with the next one."""
        due: list[tuple[int, Sequence[UUID]]] = []
        if not self._groups or self._groups[0][0] > now:
            return due
        while (
            self._groups
            and self._groups[0][0] - _EARLY * self.pauses[min(self._groups[0][2], len(self.pauses) - 1)] <= now
        ):
            _, _, step, ids = heapq.heappop(self._groups)
            due.append((step, ids))
        return due

    def next(self) -> float | None:
        """The monotonic time of the next look; None while there is none to make."""
        return self._groups[0][0] if self._groups else None

    def begin_anew(self, ids: Sequence[UUID], now: float, *, hearing: bool) -> None:
        """All that is waited for is to be looked at as if the wait had just begun."""
        self.pauses = HEARING if hearing else DEAF
        self._groups.clear()
        self.add(ids, now)
