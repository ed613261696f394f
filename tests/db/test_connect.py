"""The sessions of children: what is pinned in them, and what durability means."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from psycopg import Connection
from psycopg_pool import ConnectionPool
from psycopg_pool.pool import AddConnection

from pooljobs.db.connect import child_pool
from pooljobs.db.pool_log import LOGGER
from pooljobs.errors import OptionError
from pooljobs.settings import WorkerSettings
from tests.support.claims import SQL, register, scalar

Conn = Connection[Any]


def shown(dsn: str, name: str, *, relaxed: bool) -> str:
    with (
        child_pool(dsn, size=1, application_name="test", relaxed=relaxed) as pool,
        pool.connection() as connection,
    ):
        return str(scalar(connection, f"SHOW {name}"))


def wait_for_the_disk(connection: Conn) -> None:
    """The tests' server does not by default: it is thrown away after the run."""
    connection.execute(f'ALTER DATABASE "{connection.info.dbname}" SET synchronous_commit = on'.encode())


@pytest.mark.parametrize(("relaxed", "commit"), [(False, "on"), (True, "off")])
def test_only_relaxed_sessions_do_not_wait_for_the_disk(
    connection: Conn, dsn: str, *, relaxed: bool, commit: str
) -> None:
    wait_for_the_disk(connection)
    assert shown(dsn, "synchronous_commit", relaxed=relaxed) == commit
    assert shown(dsn, "enable_seqscan", relaxed=relaxed) == "off"


def test_a_claim_leaves_the_sessions_durability_as_it_was(connection: Conn) -> None:
    worker = register(connection)
    connection.execute("SET synchronous_commit = on")
    connection.execute(
        SQL.load("claim"),
        {
            "worker_id": worker,
            "token": 1,
            "limit": 1,
            "queues": ["default"],
            "priorities": [0],
            "floor_times": ["-infinity"],
            "floor_ids": ["00000000-0000-0000-0000-000000000000"],
            "most_bytes": 10**6,
        },
    )
    assert scalar(connection, "SHOW synchronous_commit") == "on"


def test_another_durability_is_refused() -> None:
    with pytest.raises(OptionError, match="durability must be strict or relaxed, not fast"):
        WorkerSettings(durability="fast")


def test_the_pools_log_is_silent_about_our_connections_alone(connection: Conn, dsn: str) -> None:
    logger = logging.getLogger(LOGGER)
    theirs = ConnectionPool(dsn, name="theirs", open=False)
    with child_pool(dsn, size=1, application_name="ours") as pool, pool.connection() as ours:
        connections = ((ours, False), (connection, True))
        pools = (("ours", False), ("ours-worker-0", False), ("theirs", True), (None, True))
        tasks = ((AddConnection(pool), False), (AddConnection(theirs), True))
        for value, told in (*connections, *pools, *tasks):
            record = logging.LogRecord(LOGGER, logging.WARNING, "", 0, "about %s", (value,), None)
            assert bool(logger.filter(record)) is told, value
        assert logger.filter(logging.LogRecord(LOGGER, logging.WARNING, "", 0, "about %(it)s", ({"it": 1},), None))
