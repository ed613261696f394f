"""Reads what ``claim.sql`` answers: columns, of which it makes jobs, and the floors of their lanes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import repeat
from uuid import UUID

import orjson

from pooljobs.db.wire.binary_format import split
from pooljobs_worker.claims.claimed_job import LEFT_OUT, ClaimedJob
from pooljobs_worker.claims.lanes import Floor, Lane


@dataclass(frozen=True, slots=True)
class ClaimAnswer:
    """The row but for its first column; see ``claim.sql``. Where nothing was due all but ``at`` are None."""

    at: bytes | None
    ids: bytes | None
    places: bytes | None
    run_ats: bytes | None
    columns: bytes | None
    careful: bytes | None

    def jobs(self, token: int) -> list[ClaimedJob]:
        """The jobs, in the order in which to run them.

        Raises:
            orjson.JSONDecodeError: One of the payloads cannot be read.
        """
        if not self.ids or not self.places or not self.columns:
            return []
        fences, *others = orjson.loads(self.columns)
        rows = map(ClaimedJob, split(self.ids, 16), fences, repeat(token), *others, split(self.places, 6))
        return self.marked(list(rows))

    def marked(self, jobs: list[ClaimedJob]) -> list[ClaimedJob]:
        """The same jobs; those that need care know why."""
        if self.careful:
            reasons = {UUID(job_id).bytes: why for job_id, *why in orjson.loads(self.careful)}
            for job in jobs:
                if job.job_id in reasons:
                    job.suspect, job.losses, job.flags, job.refused_for, left_out = reasons[job.job_id]
                    if left_out:
                        job.payload = LEFT_OUT
        return jobs

    def floors(self, jobs: Sequence[ClaimedJob]) -> Iterable[tuple[Lane, Floor]]:
        """Each lane's smallest key among these jobs: the first, since within a lane they are in the order of keys."""
        first: dict[Lane, int] = {}
        for number, job in enumerate(jobs):
            first.setdefault((job.queue, job.priority), number)
        run_ats = split(self.run_ats or b"", 8)
        return [(lane, (run_ats[number], jobs[number].job_id)) for lane, number in first.items()]
