"""Keeps this worker's lease in sight. The steward renews it; where the steward is missing the worker does so itself."""

from __future__ import annotations

import time

from pooljobs.db.statements import Statements
from pooljobs.scoreboard import Slot
from pooljobs_worker.session.worker_session import DatabaseSession


class Lease:
    """The lease as this host's monotonic clock sees it, which is never later than the database does.

    ``leased_until_ns`` on the scoreboard is written by whoever renewed, with the time taken before the statement.
    """

    def __init__(self, session: DatabaseSession, statements: Statements, *, slot: Slot, job_timeout: float) -> None:
        self._session = session
        self._renew = statements.load("renew_leases")
        self._slot = slot
        self._timeout_ns = int(job_timeout * 1e9)

    def begin(self, now_ns: int) -> None:
        """Notes a lease given at registration, at ``now_ns`` or later."""
        self._slot.leased_until_ns = now_ns + self._timeout_ns

    def expired(self, now_ns: int) -> bool:
        """Whether the lease has run out, as far as this host can tell."""
        return now_ns > self._slot.leased_until_ns

    def low(self, now_ns: int) -> bool:
        """Whether less than half is left: the steward, which renews at a third, is late."""
        return now_ns > self._slot.leased_until_ns - self._timeout_ns // 2

    def renew(self) -> bool:
        """Renews it now; False if the database counts this worker as dead."""
        asked_ns = time.monotonic_ns()
        worker_id = self._slot.worker_id
        rows = self._session.run(
            lambda connection: connection.execute(self._renew, {"worker_ids": [worker_id]}).fetchall()
        )
        if rows:
            self._slot.leased_until_ns = asked_ns + self._timeout_ns
        return bool(rows)
