"""Records starts: of the jobs that hosts were lost with, before each begins. Asked by the executors.

What a lost host ran nobody can tell afterwards. Where it was announced, the next loss is counted for the jobs that ran
and for no others, so that a job that takes its hosts down is found out, and those that wait beside it are not blamed.
"""

from __future__ import annotations

from typing import Any

from psycopg import Connection

from pooljobs.db.statements import Statements
from pooljobs_worker.claims.claimed_job import ClaimedJob
from pooljobs_worker.session.worker_session import GaveUpError, WorkerSession


class StartRecord:
    """Works through the worker's session; any thread."""

    def __init__(self, session: WorkerSession, statements: Statements) -> None:
        self._session = session
        self._announce = statements.load("record_start")

    def may_begin(self, job: ClaimedJob) -> bool:
        """Writes down that the job begins; False if its claim was lost, or if it could not be written before leaving.

        Waits while the database is away.
        """
        try:
            return self._session.run(lambda connection: self._try(connection, job))
        except GaveUpError:
            return False

    def _try(self, connection: Connection[Any], job: ClaimedJob) -> bool:
        row = {"id": job.id, "fence": job.fence, "token": job.token}
        job.place = None  # the row is written anew, somewhere else
        return connection.execute(self._announce, row).fetchone() is not None
