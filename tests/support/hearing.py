"""A connection that listens as a steward does, and a host's row among the sleepers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import Connection

from pooljobs.db.connect import pin
from pooljobs.settings import WorkerSettings
from pooljobs_steward.wakeups.idle_hosts import IdleHosts
from pooljobs_steward.wakeups.known_jobs import KnownJobs
from tests.support.claims import SQL

FLEET = 42


class Ear:
    """Counts what arrives."""

    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection
        self._payloads: list[str] = []
        connection.add_notify_handler(lambda notify: self._payloads.append(notify.payload))

    def heard(self) -> list[str]:
        """The payloads since the last call. What was committed before is among them: a round trip brings it along."""
        self._connection.execute("SELECT")
        payloads = self._payloads.copy()
        self._payloads.clear()
        return payloads


@contextmanager
def listening(dsn: str) -> Iterator[Ear]:
    """An ear on the channel of the schema ``pooljobs``."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(SQL.load("listen"))
        yield Ear(connection)


def sleepers(*queues: str, fleet: int = FLEET, seconds: float = 30.0) -> IdleHosts:
    """A host that sleeps for so long."""
    return IdleHosts(
        SQL,
        fleet,
        settings=WorkerSettings(queues=queues or ("default",), job_timeout=seconds),
        known_jobs=KnownJobs(SQL, (), fleet),
    )


@contextmanager
def steward_connection(dsn: str) -> Iterator[Connection[Any]]:
    """A connection as stewards have it."""
    with psycopg.connect(dsn) as connection:
        connection.autocommit = True
        pin(connection)
        yield connection
