"""A thread that enqueues jobs for later and cancels them, as an application does, and remembers what it was told."""

from __future__ import annotations

import random
import threading
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import Connection
from psycopg.conninfo import make_conninfo

from pooljobs import Cancellation, PoolJobs
from pooljobs.db.broken_connection import cut_off
from pooljobs.db.connect import close_path_meanwhile
from pooljobs.db.error_kinds import passes
from pooljobs.errors import PoolJobsError
from pooljobs_cli.chaos.application.releases import Release, make_app
from pooljobs_cli.chaos.producers import WITNESS, Limit, Told

_PAUSE: Final = (0.05, 0.3)
"""Seconds between two jobs."""

_DELAY: Final = (1.0, 3.0)
"""Seconds until a job would run: usually it is cancelled before. One whose cancellation did not come through runs."""


def _outage(error: psycopg.Error | PoolJobsError) -> bool:
    """Whether this is how an outage is told: as psycopg has it, or by the application's own calls."""
    return isinstance(error, PoolJobsError) or passes(error)


class Withdrawing(threading.Thread):
    """Enqueues and cancels until it is told to stop."""

    def __init__(self, seed: int, *, dsn: str, limit: Limit) -> None:
        super().__init__(name="withdrawing", daemon=True)
        self.told = Told()
        self.error: BaseException | None = None
        self._dice = random.Random(f"{seed} withdrawing")
        self._dsn = make_conninfo(dsn, connect_timeout=5, application_name="pooljobs chaos producer")
        self._limit = limit
        self._app: PoolJobs = make_app(Release.BOTH)
        self._app.use_dsn(self._dsn)
        self._connection: Connection[Any] | None = None

    def run(self) -> None:
        """Goes on until it is told to stop."""
        try:
            while not self._limit.stopping.wait(self._dice.uniform(*_PAUSE)):
                job_id = self._enqueue()
                if job_id is not None:
                    self._cancel(job_id)
        except BaseException as error:  # noqa: BLE001  # told by the main thread
            self.error = error
        finally:
            self._disconnect()
            self._app.close()

    def _enqueue(self) -> UUID | None:
        """One job, with its witness; None where nobody knows whether it is there."""
        task = self._app.registry["quick"].options(delay=self._dice.uniform(*_DELAY))
        job_id = None
        try:
            connection = self._connect()
            with cut_off(connection), connection.transaction():
                close_path_meanwhile(connection)
                job_id = task.enqueue_with(connection, ms=0.0).id
                connection.execute(WITNESS, ([job_id],))
        except (psycopg.Error, PoolJobsError) as error:
            if not _outage(error):
                raise
            self.told.unknown += job_id is not None
            self._disconnect()
            return None
        self.told.committed.append(job_id)
        return job_id

    def _cancel(self, job_id: UUID) -> None:
        self.told.asked_to_cancel.append(job_id)
        try:
            answer = self._app.cancel(job_id, reason="chaos has changed its mind")
        except (psycopg.Error, PoolJobsError) as error:
            if not _outage(error):
                raise
            return
        if answer is Cancellation.CANCELLED:
            self.told.cancelled.append(job_id)

    def _connect(self) -> Connection[Any]:
        if self._connection is None:
            self._connection = psycopg.connect(self._dsn, autocommit=True, prepare_threshold=None)
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
