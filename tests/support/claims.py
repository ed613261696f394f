"""Shorthand for tests that claim and settle by hand, with the real statements, on one connection."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection

from pooljobs.db.connect import pin
from pooljobs.db.statements import Statements
from pooljobs.db.store.settlement import SettlementBatch
from pooljobs.job.verdict import Settlement, Verdict
from pooljobs_worker.claims.claim_statement import ClaimStatement
from pooljobs_worker.claims.lanes import LEVELS, START, ClaimPlan, Floor, Visit
from pooljobs_worker.session.registration import new_worker_id

SQL = Statements("pooljobs")
SETTLING = SettlementBatch(SQL)
CLAIM = ClaimStatement(SQL)


@dataclass(frozen=True)
class Claim:
    """One job of a claim."""

    id: UUID
    fence: int
    token: int
    job_type: str
    attempts: int
    suspect: bool = False
    losses: int = 0
    place: bytes | None = None

    def settled(self, verdict: Verdict, **extra: Any) -> Settlement:
        """Its settlement, as of a handler that ran."""
        return Settlement(
            self.id.bytes, self.fence, self.token, verdict, **{"started_ns": 1, "place": self.place, **extra}
        )


FLEET = {
    "fleet": 1,
    "host": "test",
    "boot_id": None,
    "pid_namespace": None,
    "pid": 1,
    "pid_started": None,
    "version": "0",
    "seconds": 30.0,
}


def register(connection: Connection[Any], *, fleet: int = 1, code: int = 0, job_timeout: float = 30.0) -> int:
    """A new worker's id; the connection is prepared as a worker's is."""
    pin(connection)
    connection.execute(SQL.load("renew_fleet"), FLEET | {"fleet": fleet, "seconds": job_timeout})
    worker = {"fleet": fleet, "code": code, "host": "test", "pid": 1, "ordinal": 1, "queues": ["default"]}
    worker_id = new_worker_id()
    connection.execute(SQL.load("register_worker"), worker | {"id": worker_id, "job_timeout": job_timeout})
    return worker_id


def declare(connection: Connection[Any], *job_types: str, fleet: int = 1, code: int = 0, **changed: Any) -> None:
    """Publishes these types as a worker does; ``changed``: queue, max_retries, policy, delay of all of them."""
    one = {
        "queue": "default",
        "max_retries": 3,
        "policy": "exponential",
        "delay": 1.0,
        "secret": "[]",
        "unique": None,
    } | changed
    plural = {
        "queue": "queues",
        "max_retries": "max_retries",
        "policy": "policies",
        "delay": "delays",
        "secret": "secrets",
        "unique": "unique_rules",
    }
    columns = {plural[name]: [value] * len(job_types) for name, value in one.items()}
    given = {"fleet": fleet, "code": code, "job_types": list(job_types), **columns}
    connection.execute(SQL.load("publish_job_types"), given)


def claim(
    connection: Connection[Any],
    worker_id: int,
    *,
    limit: int = 10,
    queues: tuple[str, ...] = ("default",),
    floor: Floor = START,
    whole: bool = False,
) -> list[Claim] | None:
    """Claims from every level of the queues, each as a lane or, if ``whole``, all of a queue's by one visit; None if
    the worker is dead to the database.
    """
    lanes: list[Visit] = [(queue, level) for queue in queues for level in ((None,) if whole else LEVELS)]
    token = secrets.randbits(63)
    answer = CLAIM.ask(
        connection, worker_id, token, limit, ClaimPlan(visits=lanes, floors=[floor] * len(lanes), swept=[])
    )
    if answer is None:
        return None
    return [
        Claim(job.id, job.fence, token, job.job_type, job.attempts, job.suspect, job.losses, job.place)
        for job in answer.jobs(token)
    ]


def settle_all(connection: Connection[Any], *settlements: Settlement) -> set[bytes]:
    """Settles them; the refused ids."""
    return SETTLING.settle(connection, settlements).refused


def insert(connection: Connection[Any], count: int = 1, **columns: Any) -> None:
    """Inserts ``count`` jobs with these columns, in one transaction."""
    columns = {"job_type": "noop", **columns}
    names = ", ".join(columns)
    values = ", ".join(f"%({name})s" for name in columns)
    query = f"INSERT INTO pooljobs.live ({names}) SELECT {values} FROM generate_series(1, {count})"
    connection.execute(query.encode(), columns)


def scalar(connection: Connection[Any], query: str, *parameters: object) -> Any:
    """The one value of a query."""
    row = connection.execute(query.encode(), parameters).fetchone()
    assert row is not None
    return row[0]
