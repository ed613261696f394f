"""What docs/handlers.md shows for connections that threads keep: one that the server ended fails one run, not all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from tests.docs.blocks import ROOT, blocks
from tests.support.serving import Serving, counts, enqueue
from tests.support.waiting import wait_until

Conn = Connection[Any]
DECORATED = "@with_fresh_connection\n"
ENDED = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'stock'"
LATER = 5


def shown() -> str:
    """The example, as it stands there."""
    documented = blocks((ROOT / "docs/handlers.md").read_text())
    (text,) = [block.text for block in documented if block.text.startswith("# stock.py")]
    assert DECORATED in text
    return text


@pytest.mark.parametrize("concurrency", ["1", "2"])  # with three threads a job might find three ended connections
@pytest.mark.parametrize("decorated", [True, False], ids=["as shown", "without the decorator"])
def test_a_connection_that_the_server_ended(
    decorated: bool, concurrency: str, dsn: str, connection: Conn, tmp_path: Path
) -> None:
    (tmp_path / "stock.py").write_text(shown() if decorated else shown().replace(DECORATED, ""))
    env = {"DATABASE_URL": dsn, "PYTHONPATH": str(tmp_path)}
    options = ("--poll-interval", "0.1", "--concurrency", concurrency)
    with Serving(dsn, tmp_path / "log", *options, app="stock:app", env=env):
        enqueue(connection, "count", 10, '{"item": "apples"}')
        wait_until(lambda: counts(connection) == {"completed": 10}, what="the first jobs")
        ended = connection.execute(ENDED).fetchone()
        assert ended is not None
        assert ended[0] >= 1
        for done in range(1, LATER + 1):  # one after the other, so that each finds what the one before it left
            enqueue(connection, "count", 1, '{"item": "pears"}')
            wait_until(lambda so_far=done: sum(counts(connection).values()) == 10 + so_far and not pending(connection))  # type: ignore[misc]
        runs = connection.execute("SELECT sum(attempts) FROM pooljobs.jobs WHERE payload->>'item' = 'pears'").fetchone()
    assert runs is not None
    if decorated:
        assert counts(connection) == {"completed": 10 + LATER}
        assert runs[0] <= LATER + ended[0], "each connection that was ended costs one run"
    elif concurrency == "1":
        assert counts(connection) == {"completed": 10, "failed": LATER}, "else nothing is shown here"


def pending(connection: Conn) -> bool:
    return bool({"pending", "running"} & counts(connection).keys())
