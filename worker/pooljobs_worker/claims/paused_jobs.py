"""What this worker must not begin, since its queue or its type is paused. Asked before each claim, and by the flusher's
thread for what was claimed before the pause.
"""

from __future__ import annotations

import logging
from typing import Any

import psycopg
from psycopg import Connection

from pooljobs.db.error_kinds import ErrorKind, kind_of
from pooljobs.db.pause_reader import PauseReader
from pooljobs.db.refusal_log import RefusalLog
from pooljobs.db.statements import Statements
from pooljobs.job.paused import Paused
from pooljobs.scoreboard import Scoreboard
from pooljobs_worker.session.worker_session import WorkerSession


class PausedJobs:
    """One worker's. Any thread."""

    def __init__(self, statements: Statements, board: Scoreboard, log: logging.Logger) -> None:
        self._refusals = RefusalLog(log)
        self._reader = PauseReader(statements, board)

    @property
    def outdated(self) -> bool:
        """Whether ``on`` would ask the database."""
        return self._reader.outdated()

    def on(self, connection: Connection[Any]) -> Paused:
        """What is paused now, asked for on this connection if need be."""
        if self._reader.outdated():
            self._read(connection)
        return self._reader.paused

    def through(self, session: WorkerSession) -> Paused:
        """The same, on a session.

        Raises:
            GaveUpError: The database is away, and the worker is to leave.
        """
        if self._reader.outdated():
            session.run(self._read)
        return self._reader.paused

    def _read(self, connection: Connection[Any]) -> None:
        """If it is refused, what was known holds: that one table is closed must not end all work."""
        try:
            self._reader.read(connection)
        except psycopg.Error as error:
            if kind_of(error) is not ErrorKind.REFUSED:
                raise
            self._reader.put_off()
            self._refusals.refused(error, "meanwhile what was paused stays paused, and nothing else is")
