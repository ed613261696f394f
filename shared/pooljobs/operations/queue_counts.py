"""How the queues stand: once, or again and again, with what ended in between."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from psycopg import errors as pg
from psycopg.rows import DictRow

from pooljobs.operations.answers import Answers

_HOUR: Final = 3600.0
_OVERLAP: Final = 10.0
"""Seconds before a look that the next one counts again: an end is seen once it is committed, so much later at most."""


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the queues.

    Attributes:
        counted_at: By the database's clock.
        rows: By the queues' names, in their order; see ``count_jobs.sql``.
        queues: How many there are, listed or not.
    """

    counted_at: datetime
    rows: dict[str, DictRow]
    queues: int

    def ended_since(self, before: Look, queue: str, status: str) -> int | None:
        """How many of a listed queue's jobs have ended so since that look; None if it did not list the queue."""
        earlier = before.rows.get(queue)
        if earlier is None and before.queues > len(before.rows):
            return None
        counted = earlier[f"{status}_lately"] if earlier else 0
        return max(0, int(self.rows[queue][status] - counted))  # one that is retried has not ended any more


class QueueCounts(Answers):
    """Counts of jobs and workers, a queue each."""

    def count(self, queue: str | None = None, *, limit: int | None = None) -> tuple[list[DictRow], int]:
        """How each queue, or this one, stands, and how many queues there are; see ``count_jobs.sql``.

        A queue that never held a job is absent. Of more than ``limit`` queues (default: of any number) those are listed
        of which most is due. ``workers`` are as ``workers()`` tells them.
        """
        look = self._count(queue, limit, None, _HOUR)
        for row in look.rows.values():
            for status in ("completed", "failed"):
                row[f"{status}_last_hour"] = row.pop(status)
                del row[f"{status}_lately"]
        return list(look.rows.values()), look.queues

    def look(self, queue: str | None = None, *, limit: int | None = None, before: Look | None = None) -> Look:
        """As ``count``, with what ended from some seconds before the last look on; see ``Look.ended_since``."""
        since = before.counted_at - timedelta(seconds=_OVERLAP) if before else None
        return self._count(queue, limit, since, _OVERLAP)

    def workers(self, queues: Sequence[str] | None = None) -> dict[str, int] | None:
        """How many living workers serve each queue, or each of these; what nobody serves is absent.

        None for a user who may not know: one that was granted what a viewer needs by a pooljobs of before.
        """
        with suppress(pg.InsufficientPrivilege):
            rows = self._rows("count_workers", {"queues": None if queues is None else list(queues)})
            return {row["queue"]: row["workers"] for row in rows}
        return None

    def pauses(self) -> list[DictRow]:
        """What is paused, since when, by whom and why; see ``list_pauses.sql``."""
        return self._rows("list_pauses", {})

    def _count(self, queue: str | None, limit: int | None, since: datetime | None, seconds: float) -> Look:
        asked: dict[str, Any] = {
            "queue": queue,
            "limit": limit,
            "since": since,
            "seconds": seconds,
            "overlap": _OVERLAP,
        }
        rows = self._rows("count_jobs", asked)
        counted_at: datetime = rows[0]["counted_at"]
        listed = [row for row in rows if row["queue"] is not None]
        workers = self.workers([row["queue"] for row in listed])
        for row in listed:
            del row["counted_at"]
            row["workers"] = None if workers is None else workers.get(row["queue"], 0)
        queues = max((row.pop("queues") for row in listed), default=0)
        return Look(counted_at, {row["queue"]: row for row in listed}, queues)


def cut(queue: str) -> str:
    """As statements name a queue that is too long to be one of pooljobs' own."""
    return queue[:201]
