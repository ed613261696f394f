"""The server restarted in immediate mode under load: how soon the fleet is at its pace again, and that no job is lost.

POOLJOBS_TEST_RESTARTS=10 restarts that often and prints the figures (``pytest -s``); then five seconds are the limit.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from pooljobs.db.schema.migrator import migrate
from pooljobs_cli.chaos.chaos_server import OwnServer
from tests.support.figures import told
from tests.support.run_directory import run_directory
from tests.support.serving import Serving, counts, enqueue
from tests.support.waiting import wait_until

RESTARTS = int(os.environ.get("POOLJOBS_TEST_RESTARTS", "1"))
ALLOWED = 5.0 if RESTARTS > 1 else 60.0
"""Seconds from the server's first answer to a window at half the pace; generous where other tests run beside it."""
WINDOW = 0.5
A_ROUND = 1500
OPTIONS = ("--procs", "2", "--poll-interval", "0.5")

PACE = """
SELECT (count(*) / extract(epoch FROM max(finished_at) - min(finished_at)))::float8
FROM pooljobs.history WHERE finished_at > %s
"""
"""Completions a second since then."""
BACK_AT_PACE = """
SELECT extract(epoch FROM h.finished_at - %(up)s)::float8
FROM (SELECT finished_at, count(*) OVER (
          ORDER BY finished_at RANGE BETWEEN make_interval(secs => %(window)s) PRECEDING AND CURRENT ROW) AS ended
      FROM pooljobs.history WHERE finished_at > %(up)s) AS h
WHERE h.ended >= %(least)s
ORDER BY h.finished_at
LIMIT 1
"""
"""Seconds after ``up`` at whose end a window first held so many completions."""


@pytest.fixture
def own_server() -> Iterator[OwnServer]:
    """A durable server that this test may crash."""
    server = OwnServer(run_directory() / f"restarted-{uuid4().hex[:8]}")
    try:
        migrate(server.dsn)
        yield server
    finally:
        server.close()


def restart(server: OwnServer) -> float:
    """Restarts it while the fleet works; seconds from its first answer until the fleet was at half its pace again."""
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        enqueue(connection, "quiet", A_ROUND, '{"secs": 0.005}')
        begun = connection.execute("SELECT clock_timestamp()").fetchone()
        done = counts(connection).get("completed", 0)
        wait_until(lambda: counts(connection).get("completed", 0) > done + A_ROUND // 3, what="the fleet at its pace")
        row = connection.execute(PACE, begun).fetchone()
        assert row is not None
        least = row[0] * WINDOW / 2
    server.crash()
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        up = connection.execute("SELECT clock_timestamp()").fetchone()
        assert up is not None
        measure = {"up": up[0], "window": WINDOW, "least": least}
        found = wait_until(lambda: connection.execute(BACK_AT_PACE, measure).fetchone(), timeout=60, what="the pace")
        assert found is not None
        return float(found[0])


@pytest.mark.hazard("A server crash forgets a claim")
@pytest.mark.timeout(180 + 30 * RESTARTS)
def test_the_fleet_is_at_its_pace_again_soon_and_no_job_is_lost(own_server: OwnServer, tmp_path: Path) -> None:
    with Serving(own_server.dsn, tmp_path / "log", *OPTIONS) as serving:
        took = [restart(own_server) for _ in range(RESTARTS)]
        with psycopg.connect(own_server.dsn, autocommit=True) as connection:
            done = {"completed": A_ROUND * RESTARTS}
            wait_until(lambda: counts(connection) == done, timeout=60, what="all jobs to complete")
        assert serving.text.count("the database is back") >= RESTARTS
    print(told("from the server's first answer until the fleet was at half its pace", took))
    assert max(took) < ALLOWED
