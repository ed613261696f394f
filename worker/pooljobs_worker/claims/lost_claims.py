"""Finds the claims that the database has forgotten, and keeps their jobs from being run here.

A claim's commit does not wait for the disk, so that a crash of the server may undo it: the job is pending again, and
somebody else will run it, or did. So whoever has a new connection asks first. What has not begun is marked as a job
that is to be cancelled, which every executor looks for before it begins one; the settlement that follows is refused,
since its token is nobody's any more, and that is no news. A handler that runs goes on: its result is refused as well.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from psycopg import Connection

from pooljobs.db.statements import Statements
from pooljobs.db.wire.arrays import Int8Array, UuidArray
from pooljobs.job.verdict import Settlement
from pooljobs.scoreboard import EntryState, HeldJob, Slot


class LostClaims:
    """What was found forgotten and is not settled yet. May be called from any thread."""

    def __init__(self, statements: Statements, slot: Slot, log: logging.Logger) -> None:
        self._find = statements.load("find_claims")
        self._slot = slot
        self._log = log
        self._claims: set[tuple[bytes, int]] = set()

    def look(self, connection: Connection[Any]) -> None:
        """Asks the database for the claims that have not begun."""
        waiting = [job for job in self._slot.held() if job.state is EntryState.CLAIMED]
        if not waiting:
            return
        standing = self._standing(connection, waiting)
        undone = [job for job in waiting if job.job_id not in standing]
        for job in undone:
            if (job.job_id, job.token) not in self._claims and self._slot.ask_cancel(job.entry, job.token):
                self._claims.add((job.job_id, job.token))
        if undone:
            self._log.warning(
                "the database no longer knows of %d claims of this worker: those jobs are not run here", len(undone)
            )

    def settled(self, settlement: Settlement) -> bool:
        """Whether this one was forgotten, so that its refusal is no news; asked once of each refused settlement."""
        claim = (settlement.job_id, settlement.token)
        if claim not in self._claims:
            return False
        self._claims.discard(claim)
        return True

    def _standing(self, connection: Connection[Any], jobs: Sequence[HeldJob]) -> set[bytes]:
        parameters = {
            "ids": UuidArray([job.job_id for job in jobs]),
            "fences": Int8Array([job.fence for job in jobs]),
            "tokens": Int8Array([job.token for job in jobs]),
        }
        return {job_id.bytes for (job_id,) in connection.execute(self._find, parameters).fetchall()}
