"""Fetches payloads that a claim left out: those that are large, or may be, as far as their compressed size tells. Asked
by the executors, when the turn of such a job comes.

So what a worker holds of its jobs is bounded in bytes, however many it has claimed: a claim brings at most
``max_batch_bytes`` of payloads, and so does each fetch, or one payload that is longer than that alone.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg
from psycopg import Connection

from pooljobs.db.error_classes import one_line, too_large
from pooljobs.db.statements import Statements
from pooljobs_worker.claims.claimed_job import LEFT_OUT, ClaimedJob
from pooljobs_worker.session.worker_session import DatabaseSession, GaveUpError


class LargePayloads:
    """One worker's; through its session. Any thread."""

    def __init__(self, session: DatabaseSession, statements: Statements, most_bytes: int) -> None:
        self._session = session
        self._fetch = statements.load("fetch_payloads")
        self._most = most_bytes
        self._fetching = threading.Lock()

    def bring(self, job: ClaimedJob, following: Sequence[ClaimedJob]) -> bool:
        """Gives the job its payload, and those of the ``following`` that were left out too, as far as the bytes go.

        False if the claim was lost, or if the payload could not be fetched before leaving. Waits while the database is
        away.
        """
        with self._fetching:
            if job.payload is not LEFT_OUT:  # whoever fetched before has brought it along
                return True
            # A following one may be of another claim; then those that come after it are fetched in their own turn.
            wanted = [job, *(each for each in following if each.payload is LEFT_OUT and each.token == job.token)]
            try:
                found = self._session.run(lambda connection: self._read(connection, wanted))
            except GaveUpError:
                return False
            for each in wanted:
                if (text := found.get(each.id)) is not None:
                    each.read(text)
            return job.payload is not LEFT_OUT

    def _read(self, connection: Connection[Any], wanted: Sequence[ClaimedJob]) -> dict[UUID, str]:
        """Of half as many where it is too much at once; a payload that is too much by itself cannot be read."""
        try:
            return self._ask(connection, wanted, wanted[0].token)
        except psycopg.Error as error:
            if not too_large(error):
                raise
            if len(wanted) > 1:
                return self._read(connection, wanted[: len(wanted) // 2])
            self._ask(connection, (), wanted[0].token)  # if not even nothing can be had, it is not the payload's fault
            wanted[0].payload, wanted[0].unreadable = None, f"payload: PostgreSQL cannot hand it out: {one_line(error)}"
            return {}

    def _ask(self, connection: Connection[Any], wanted: Sequence[ClaimedJob], token: int) -> dict[UUID, str]:
        parameters = {"ids": [job.id for job in wanted], "token": token, "most": self._most}
        return dict(connection.execute(self._fetch, parameters).fetchall())
