"""Makes this worker known to the database: its fleet, its row with the first lease, and what its job types declare."""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Mapping
from hashlib import blake2b

from pooljobs.application.app import PoolJobs
from pooljobs.application.task import Task
from pooljobs.db.statements import Statements
from pooljobs.job.flags import KNOWN
from pooljobs.job.options import seconds
from pooljobs.process.child import Child
from pooljobs.process.fleet import fleet_of
from pooljobs.settings import WorkerSettings
from pooljobs_worker.session.lease import Lease
from pooljobs_worker.session.worker_session import DatabaseSession


class Registration:
    """Registers one worker; again, under a new id, after it was reaped."""

    def __init__(
        self, session: DatabaseSession, statements: Statements, *, child: Child, settings: WorkerSettings, lease: Lease
    ) -> None:
        self._session = session
        self._renew_fleet = statements.load("renew_fleet")
        self._register = statements.load("register_worker")
        self._publish = statements.load("publish_job_types")
        self._publish_schedules = statements.load("publish_schedules")
        self._child = child
        self._settings = settings
        self._lease = lease
        self._declared: dict[str, list[object]] = _declarations({})
        self._schedules: dict[str, object] = {}

    def declare(self, app: PoolJobs) -> None:
        """Takes in what the application declares; published with each registration from now on."""
        self._declared = _declarations(app.registry)
        self._schedules = _schedules(app)

    def register(self) -> int:
        """Enters a new row and returns its id, which is on the scoreboard then; then publishes the declarations.

        Whoever settles this worker's crashes, and the SQL function ``enqueue``, look them up.
        """
        asked_ns = time.monotonic_ns()
        fleet = fleet_of(self._child)
        code = _digest(self._declared, self._schedules)
        ours = {"fleet": fleet["fleet"], "code": code}
        worker_id = new_worker_id()
        row = ours | {
            "id": worker_id,
            "host": fleet["host"],
            "pid": os.getpid(),
            "ordinal": self._child.slot.ordinal,
            "queues": list(self._settings.queues),
            "job_timeout": self._settings.job_timeout,
        }
        renewal = {**fleet, "seconds": self._settings.job_timeout}
        self._session.run(lambda connection: connection.execute(self._renew_fleet, renewal))
        self._session.run(lambda connection: connection.execute(self._register, row))
        self._child.slot.worker_id = worker_id
        self._lease.begin(asked_ns)
        if self._declared["job_types"]:
            self._session.run(lambda connection: connection.execute(self._publish, ours | self._declared))
            self._session.run(lambda connection: connection.execute(self._publish_schedules, ours | self._schedules))
        self._child.slot.code = code
        return worker_id


def new_worker_id() -> int:
    """63 random bits, not all 0: an id that no other worker has or had, whatever a server has forgotten."""
    return secrets.randbelow(2**63 - 1) + 1


def _declarations(registry: Mapping[str, Task]) -> dict[str, list[object]]:
    """An alias is a type like any other: jobs of it are enqueued by name, and crash."""
    job_types = sorted(registry)
    listed = [registry[job_type] for job_type in job_types]
    return {
        "job_types": [*job_types],
        "queues": [task.queue for task in listed],
        "max_retries": [task.max_retries for task in listed],
        "policies": [task.retry.kind for task in listed],
        "delays": [float(task.retry.delay_secs) for task in listed],
        "unique_rules": [None if task.unique is None else task.unique.published() for task in listed],
        "secrets": [json.dumps(sorted(task.secret)) for task in listed],
    }


def _schedules(app: PoolJobs) -> dict[str, object]:
    """Each bears the name of its job type; an alias has none."""
    scheduled = [(name, task) for name, task in sorted(app.registry.items()) if task.schedule and task.name == name]
    return {
        "app": app.name,
        "names": [name for name, _ in scheduled],
        "definitions": [json.dumps(_definition(task), sort_keys=True) for _, task in scheduled],
    }


def _definition(task: Task) -> dict[str, object]:
    assert task.schedule is not None
    return {
        "job_type": task.name,
        "payload": json.loads(task.scheduled_payload()),
        "cron": task.schedule.cron,
        "every": None if task.schedule.every is None else seconds("every", task.schedule.every),
        "tz": task.schedule.tz,
        "jitter": seconds("jitter", task.schedule.jitter),
        "catch_up": task.schedule.catch_up,
        "overlap": task.schedule.overlap,
    }


def _digest(declared: dict[str, list[object]], schedules: dict[str, object]) -> int:
    """The same number where the same types, schedules and flags are known, in each process; 63 bits."""
    told = repr((declared, schedules, KNOWN))
    return int.from_bytes(blake2b(told.encode(), digest_size=8).digest()) >> 1
