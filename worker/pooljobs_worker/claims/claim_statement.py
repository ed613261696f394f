"""Sends ``claim.sql`` and reads its answer, both in binary. Keeps nothing between claims.

The answer comes as columns, of which jobs are made, and the floors of their lanes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, Final
from uuid import UUID

import orjson
from psycopg import Connection

from pooljobs.db.statements import Statements
from pooljobs.db.wire import binary_format
from pooljobs.db.wire.binary_format import Oid, split
from pooljobs.db.wire.prepared import HotStatement
from pooljobs.job.flags import UNKNOWN
from pooljobs.settings import BATCH_BYTES
from pooljobs_worker.claims.claimed_job import LEFT_OUT, ClaimedJob
from pooljobs_worker.claims.job_labels import JobLabels
from pooljobs_worker.claims.lanes import ClaimPlan, Floor, Lane
from pooljobs_worker.claims.passed_over import PassedOver

_TYPES: Final = {
    "worker_id": Oid.INT8,
    "token": Oid.INT8,
    "limit": Oid.INT8,
    "queues": Oid.TEXT_ARRAY,
    "priorities": Oid.INT2_ARRAY,
    "floor_times": Oid.TIMESTAMPTZ_ARRAY,
    "floor_ids": Oid.UUID_ARRAY,
    "most_bytes": Oid.INT8,
}
_PASSING_OVER: Final = _TYPES | {
    "types": Oid.TEXT_ARRAY,
    "only_these": Oid.BOOL,
    "unknown_flags": Oid.INT2,
    "refused_shapes": Oid.BYTEA_ARRAY,
}
_ALIVE: Final = binary_format.int8(1)


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
                    left_out, care = reasons[job.job_id]
                    if care:
                        job.suspect, job.losses, job.flags, job.refused_for, *labels = care
                        job.labels = JobLabels(*labels)
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


class ClaimStatement:
    """One schema's; on whichever connections."""

    def __init__(self, statements: Statements, most_bytes: int = BATCH_BYTES) -> None:
        """``most_bytes``: of all payloads that come with one claim."""
        self._most_bytes = most_bytes
        self._statement = HotStatement("claim", statements.load("claim"), _TYPES)
        self._passing_over = HotStatement("claim", statements.passing_over("claim"), _PASSING_OVER)

    def longest_payload(self, limit: int) -> int:
        """How many bytes a payload may have that comes with a claim of ``limit`` jobs."""
        return self._most_bytes // limit

    def ask(
        self,
        connection: Connection[Any],
        worker_id: int,
        token: int,
        limit: int,
        plan: ClaimPlan,
        *,
        passed_over: PassedOver | None = None,
        longest: int | None = None,
    ) -> ClaimAnswer | None:
        """Up to ``limit`` jobs from the plan's lanes; None if the worker is dead to the database.

        Payloads that are not certain to be as short as ``longest`` bytes, by default ``longest_payload``, are left out.

        Jobs that are not for this worker are passed over, as far as ``passed_over`` tells of them.

        Raises:
            psycopg.Error: Whatever was claimed then has this token.
        """
        values: list[bytes | None] = [
            binary_format.int8(worker_id),
            binary_format.int8(token),
            binary_format.int8(limit),
            binary_format.texts([queue for queue, _ in plan.visits]),
            binary_format.levels([level for _, level in plan.visits]),
            binary_format.raw_array(Oid.TIMESTAMPTZ, 8, [run_at for run_at, _ in plan.floors]),
            binary_format.raw_array(Oid.UUID, 16, [job_id for _, job_id in plan.floors]),
            binary_format.int8(self.longest_payload(limit) if longest is None else longest),
        ]
        if passed_over is None:
            alive, *columns = self._statement.row(connection, values)
        else:
            values += [
                binary_format.texts(passed_over.types),
                binary_format.boolean(passed_over.only_these),
                binary_format.int2(UNKNOWN),
                binary_format.raw_array(Oid.BYTEA, 32, passed_over.refused_shapes),
            ]
            alive, *columns = self._passing_over.row(connection, values)
        return ClaimAnswer(*columns) if alive == _ALIVE else None
