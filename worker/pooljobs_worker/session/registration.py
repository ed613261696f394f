"""Makes this worker known to the database: its row with the first lease, and what its job types declare."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterable

from pooljobs.application.app import PoolJobs
from pooljobs.application.task import Task
from pooljobs.db.statements import Statements
from pooljobs.scoreboard import Slot
from pooljobs.settings import WorkerSettings
from pooljobs_worker.session.connection import Session
from pooljobs_worker.session.lease import Lease


class Registration:
    """Registers one worker; again, under a new id, after it was reaped."""

    def __init__(
        self, session: Session, statements: Statements, slot: Slot, settings: WorkerSettings, lease: Lease
    ) -> None:
        self._session = session
        self._register = statements.load("register_worker")
        self._publish = statements.load("publish_job_types")
        self._slot = slot
        self._settings = settings
        self._lease = lease

    def register(self) -> int:
        """Enters a new row and returns its id, which is on the scoreboard then."""
        asked_ns = time.monotonic_ns()
        row = {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "ordinal": self._slot.ordinal,
            "queues": list(self._settings.queues),
            "job_timeout": self._settings.job_timeout,
        }
        found = self._session.run(lambda connection: connection.execute(self._register, row).fetchone())
        assert found is not None
        self._slot.worker_id = worker_id = int(found[0])
        self._lease.begin(asked_ns)
        return worker_id

    def publish(self, app: PoolJobs) -> None:
        """Publishes the application's job types, for the SQL function ``enqueue`` and for crash settlement."""
        tasks = sorted(app.registry.values(), key=lambda task: task.name)
        if tasks:
            self._session.run(lambda connection: connection.execute(self._publish, _declarations(tasks)))


def _declarations(tasks: Iterable[Task]) -> dict[str, object]:
    listed = list(tasks)
    return {
        "job_types": [task.name for task in listed],
        "queues": [task.queue for task in listed],
        "max_retries": [task.max_retries for task in listed],
        "policies": [task.retry.kind for task in listed],
        "delays": [task.retry.delay_secs for task in listed],
    }
