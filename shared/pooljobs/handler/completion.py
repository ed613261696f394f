"""Completes a running job inside its handler's own transaction: the job's effects and its completion commit together.

Made by the worker for each job whose handler takes a ``JobContext``; used through ``JobContext.complete_with``.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pooljobs.errors import ClaimLostError

if TYPE_CHECKING:
    from psycopg import AsyncConnection, Connection


class Completion:
    """The right to complete one job, as long as its claim stands.

    Attributes:
        fence: The claim's number, which grows with each claim of the job.
        token: The claim statement's random number.
        used: Whether the job was completed this way. That its row is gone, if the transaction committed, is then no
            loss to the worker's own settlement; if it rolled back, the worker settles the job as ever.
    """

    __slots__ = ("_job_id", "_started_ns", "_statement", "fence", "token", "used")

    def __init__(self, statement: bytes, *, job_id: UUID, fence: int, token: int, started_ns: int) -> None:
        self._statement = statement
        self._job_id = job_id
        self.fence = fence
        self.token = token
        self._started_ns = started_ns
        self.used = False

    def on(self, connection: Connection[Any] | AsyncConnection[Any]) -> Awaitable[None] | None:
        """Completes the job in the connection's transaction; to be awaited for an asynchronous connection.

        Raises:
            ClaimLostError: The job runs elsewhere by now. Let it pass, so that the transaction rolls back.
        """
        from psycopg import AsyncConnection

        if isinstance(connection, AsyncConnection):
            return self._on_async(connection)
        self._judge(connection.execute(self._statement, self._parameters()).rowcount)
        return None

    async def _on_async(self, connection: AsyncConnection[Any]) -> None:
        self._judge((await connection.execute(self._statement, self._parameters())).rowcount)

    def _judge(self, rows: int) -> None:
        if rows != 1:
            raise ClaimLostError(
                f"job {self._job_id} is no longer this worker's: its lease ran out and it runs elsewhere",
                job_id=self._job_id,
            )
        self.used = True

    def _parameters(self) -> dict[str, object]:
        return {
            "id": self._job_id,
            "fence": self.fence,
            "token": self.token,
            "started_ago": (time.monotonic_ns() - self._started_ns) / 1e9,
        }
