"""The sessions of children: what is pinned in them, and what durability means."""

from __future__ import annotations

from typing import Any

import pytest
from psycopg import Connection

from pooljobs.db.connect import child_pool
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
        SQL.claim,
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
