"""Completes a running job inside its handler's own transaction: the job's effects and its completion commit together.

Made by the worker for each job whose handler takes a ``JobContext``; used through ``JobContext.complete_with``.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable
from typing import TYPE_CHECKING
from uuid import UUID

from pooljobs.errors import ClaimLostError

if TYPE_CHECKING:
    from pooljobs.db.callers.connection_types import AsyncCaller, SyncCaller
    from pooljobs.db.callers.steps import Operation


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

    def on(self, connection: SyncCaller | AsyncCaller) -> Awaitable[None] | None:
        """Completes the job in the connection's transaction; to be awaited for an asynchronous connection.

        Raises:
            OptionError: It is no connection that is known.
            ClaimLostError: The job runs elsewhere by now. Let it pass, so that the transaction rolls back.
        """
        from pooljobs.db.callers.recognition import driver_of
        from pooljobs.db.callers.steps import run_on

        return run_on(driver_of(connection, "complete_with"), self._completing())

    def _completing(self) -> Operation[None]:
        from pooljobs.db.callers.caller_operations import complete

        ago = (time.monotonic_ns() - self._started_ns) / 1e9
        stood = yield from complete(
            self._statement, job_id=self._job_id, fence=self.fence, token=self.token, started_ago=ago
        )
        if not stood:
            raise ClaimLostError(
                f"job {self._job_id} is no longer this worker's: its lease ran out and it runs elsewhere",
                job_id=self._job_id,
            )
        self.used = True
