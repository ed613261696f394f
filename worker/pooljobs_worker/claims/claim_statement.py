"""Sends ``claim.sql`` and hands its answer on, both in binary. Keeps nothing between claims."""

from __future__ import annotations

from typing import Any, Final

from psycopg import Connection

from pooljobs.db.statements import Statements
from pooljobs.db.wire import binary_format
from pooljobs.db.wire.binary_format import Oid
from pooljobs.db.wire.prepared import HotStatement
from pooljobs.job.flags import UNKNOWN
from pooljobs.settings import BATCH_BYTES
from pooljobs_worker.claims.claim_answer import ClaimAnswer
from pooljobs_worker.claims.lanes import ClaimPlan
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


class ClaimStatement:
    """One schema's; on whichever connections."""

    def __init__(self, statements: Statements, most_bytes: int = BATCH_BYTES) -> None:
        """``most_bytes``: of all payloads that come with one claim."""
        self._most_bytes = most_bytes
        self._statement = HotStatement("claim", statements.claim, _TYPES)
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
