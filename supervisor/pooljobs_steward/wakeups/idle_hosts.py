"""What a host says of itself in ``idle_hosts``, and its looks at the jobs: the statements of ``waker.py``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from psycopg import Connection

from pooljobs.db.statements import Statements
from pooljobs.job.paused import NOTHING, Paused
from pooljobs.settings import WorkerSettings
from pooljobs_steward.wakeups.known_jobs import KnownJobs
from pooljobs_steward.wakeups.wake_policy import Findings


class IdleHosts:
    """The statements of one host; a sleep lasts a lease, unless it is renewed."""

    def __init__(self, statements: Statements, fleet: int, *, settings: WorkerSettings, known_jobs: KnownJobs) -> None:
        self._fall_asleep = statements.load("mark_host_idle")
        self._stay_awake = statements.load("mark_host_busy")
        self._forget = statements.load("forget_idle_hosts")
        self._look = statements.load("look_for_work")
        self._look_for_known = statements.passing_over("look_for_work")
        self._known_jobs = known_jobs
        self._paused = NOTHING
        self._fleet = fleet
        self._queues = list(settings.queues)
        self._seconds = settings.job_timeout

    def heed(self, paused: Paused) -> None:
        """From now on nobody tells of jobs that are paused, nor are they looked for. Before, ``stay_awake``."""
        self._paused = paused

    def fall_asleep(self, connection: Connection[Any]) -> bool:
        """Asks enqueues to notify; jobs that they do not tell of are found by looks, the first of them marking. Whether
        they can: there may be no room for notifications.
        """
        parameters = {"fleet": self._fleet, "queues": self._paused.served(self._queues), "seconds": self._seconds}
        row = connection.execute(self._fall_asleep, parameters).fetchone()
        assert row is not None
        return bool(row[0])

    def stay_awake(self, connection: Connection[Any]) -> None:
        """Asks them no longer."""
        connection.execute(self._stay_awake, {"fleet": self._fleet})

    def forget(self, connection: Connection[Any]) -> None:
        """Deletes this host's rows, and those that others left behind long ago."""
        connection.execute(self._forget, {"fleet": self._fleet})

    def look(self, connection: Connection[Any], most: int, *, marking: bool, since: str | None = None) -> Findings:
        """Looks for ``most`` due jobs and the next one to come, among those due from ``since`` on; None: among all."""
        parameters = {
            "queues": self._paused.served(self._queues),
            "most": max(1, most),
            "marking": marking,
            "since": since or "-infinity",
        }
        if known := self._known_jobs.read(connection, self._paused):
            statement, parameters = self._look_for_known, parameters | asdict(known) | {"refused_shapes": []}
        else:
            statement = self._look
        row = connection.execute(statement, parameters, prepare=True).fetchone()
        assert row is not None
        due, next_in, xmin, mark, since_then = row
        return Findings(due, next_in, xmin=xmin, mark=mark, since=since_then, full=since is None)
