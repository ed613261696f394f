"""Looks up what became of jobs whose ids are known, a statement for each stretch of ids that lie near each other.

Ended jobs are found by ranges, of ids and of times, since no index has each of them: jobs that were enqueued together
lie in a few blocks of a partition, and cost what one of them does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias
from uuid import UUID

from psycopg import Connection
from psycopg.rows import tuple_row

from pooljobs.db.statements import Statements
from pooljobs.job.job_status import FoundJob

MOST_AT_ONCE: Final = 1000
"""Ids in one statement."""

_SPAN_MS: Final = 5000
"""Milliseconds from the first to the last id of a stretch: whatever was enqueued between them and has ended is read."""

_SLACK: Final = timedelta(hours=1)
"""By so much a clock may have been set back since the id was made."""

_LAST_MS: Final = 253_402_300_799_000
"""Milliseconds since 1970 of the last second that a datetime holds."""

_TIME_ORDERED: Final = 7
"""The version of UUIDs that begin with a time."""

Span: TypeAlias = tuple[datetime | str, datetime | str]
"""From and up to when jobs have ended; a text is minus or plus infinity."""


def find_jobs(
    connection: Connection[Any], statements: Statements, ids: Sequence[UUID], ended: Span | None = None
) -> list[FoundJob]:
    """Those of the jobs that there are. ``ended``: when those that have ended did so, where that is known.

    Raises:
        psycopg.Error: As it comes.
    """
    cursor = connection.cursor(row_factory=tuple_row)
    query = statements.load("read_results")
    found: list[FoundJob] = []
    for stretch in stretches(ids):
        ended_from, ended_to = ended or (_earliest(stretch[0]), "infinity")
        asked = {"ids": stretch, "ended_from": ended_from, "ended_to": ended_to}
        found += map(FoundJob._make, cursor.execute(query, asked).fetchall())
    return found


def stretches(ids: Sequence[UUID]) -> Iterator[list[UUID]]:
    """The ids in order, parted where there are many or where they would reach far."""
    stretch: list[UUID] = []
    for job_id in sorted(set(ids)):
        if stretch and (len(stretch) == MOST_AT_ONCE or _millis(job_id) - _millis(stretch[0]) > _SPAN_MS):
            yield stretch
            stretch = []
        stretch.append(job_id)
    if stretch:
        yield stretch


def _earliest(job_id: UUID) -> datetime | str:
    """When it may have ended at the earliest; an id that is not of ours tells nothing: anybody's may be asked for."""
    if job_id.version != _TIME_ORDERED or _millis(job_id) > _LAST_MS:
        return "-infinity"
    return datetime.fromtimestamp(_millis(job_id) / 1000, UTC) - _SLACK


def _millis(job_id: UUID) -> int:
    return job_id.int >> 80
