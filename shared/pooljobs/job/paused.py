"""Which queues and job types are paused: a value, as workers and stewards use it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Paused:
    """Names of queues and of job types."""

    queues: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.queues or self.types)

    def holds(self, queue: str, job_type: str) -> bool:
        """Whether a job of this type in this queue is not to begin."""
        return queue in self.queues or job_type in self.types

    def served(self, queues: Iterable[str]) -> list[str]:
        """Those of the queues that are not paused, in their order."""
        return [queue for queue in queues if queue not in self.queues]

    def narrowed(self, types: Iterable[str], *, only_these: bool) -> list[str]:
        """``types`` for ``pass_over.sql``, without what is paused: fewer to claim, or more to pass over.

        >>> paused = Paused(types=frozenset({"report"}))
        >>> paused.narrowed(["mail", "report"], only_these=True), paused.narrowed(["mail"], only_these=False)
        (['mail'], ['mail', 'report'])
        """
        if only_these:
            return [name for name in types if name not in self.types]
        return [*types, *sorted(self.types.difference(types))]


NOTHING: Final = Paused()
