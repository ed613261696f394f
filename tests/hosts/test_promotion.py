"""A standby takes over from its primary while producers enqueue and fleets work: nothing that was acknowledged is lost.

The standby is a synchronous one, without which PostgreSQL itself would lose what it acknowledged last. It is promoted
when all leases have run out, by the clock of the database: nobody could have renewed them.
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from tests.support.cluster import Cluster, is_streaming, standby
from tests.support.serving import unfinished
from tests.support.site import Site
from tests.support.waiting import wait_until

APP = "tests.support.audit_app:app"
OPTIONS = ("--poll-interval", "0.2", "--procs", "2", "--job-timeout")
ENOUGH = 40
SYNCHRONOUS = (
    "ALTER SYSTEM SET synchronous_commit = 'on'",
    "ALTER SYSTEM SET synchronous_standby_names = '*'",
    "SELECT pg_reload_conf()",
)
LEASES_ARE_OVER = "SELECT max(leased_until) < clock_timestamp() FROM pooljobs.workers"
WORKERS = "SELECT id FROM pooljobs.workers ORDER BY id"
COMPLETED = "SELECT id::text FROM pooljobs.history WHERE status = 'completed'"
CHARGED = "SELECT max(losses) + max(crashes) FROM pooljobs.history"


class Acknowledged:
    """Reads the ids that an enqueuer prints, as long as it does."""

    def __init__(self, program: subprocess.Popen[str]) -> None:
        self.ids: list[str] = []
        self._program = program
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self._program.stdout is not None
        for line in self._program.stdout:
            self.ids.append(line.strip())

    def more(self, number: int) -> None:
        """Waits for so many more."""
        enough = len(self.ids) + number
        wait_until(lambda: len(self.ids) >= enough or self._program.poll() is not None, what=f"{number} more jobs")
        assert len(self.ids) >= enough, "the producer has ended"

    def stop(self) -> None:
        """Waits for the last."""
        assert self._program.stdin is not None
        self._program.stdin.close()
        assert self._program.wait(60) == 0
        self._thread.join()


@contextmanager
def enqueuing(site: Site) -> Iterator[Acknowledged]:
    """A producer on a host of its own."""
    program = site.program(site.network.plug_in("web"), "tests.support.enqueuer", site.way(site.dsn))
    try:
        yield Acknowledged(program)
    finally:
        program.kill()
        program.wait()
        for pipe in (program.stdin, program.stdout):
            assert pipe is not None
            pipe.close()


def make_synchronous(cluster: Cluster) -> None:
    with psycopg.connect(cluster.dsn, autocommit=True) as connection:
        for statement in SYNCHRONOUS:
            connection.execute(statement.encode())
        wait_until(lambda: is_streaming(cluster, sync=True), what="the standby to be a synchronous one")


@pytest.fixture
def second(site: Site) -> Iterator[Cluster]:
    """A synchronous standby on another host, which the site's DSNs name too."""
    first = site.servers[0]
    with standby(site.network.plug_in("db-2"), first) as made:
        wait_until(lambda: is_streaming(first), what="the standby to follow")
        make_synchronous(first)
        site.servers = [first, made]
        yield made


def ids(connection: Connection[Any], query: str) -> list[Any]:
    return [row[0] for row in connection.execute(query.encode())]


@pytest.mark.hazard("After a long outage, a late promotion")
@pytest.mark.parametrize(("how", "lease"), [("crashed", "5"), pytest.param("cut off", "10", marks=pytest.mark.long)])
def test_a_late_promotion_loses_no_acknowledged_job_and_no_living_worker(
    site: Site, second: Cluster, how: str, lease: str
) -> None:
    """Where the primary is silent, hosts notice it some seconds apart: then a lease has to be longer than that."""
    first = site.servers[0]
    with (
        ExitStack() as fate,
        site.host("alpha", *OPTIONS, lease, app=APP) as alpha,
        site.host("beta", *OPTIONS, lease, app=APP) as beta,
        enqueuing(site) as acknowledged,
    ):
        acknowledged.more(ENOUGH)
        with psycopg.connect(site.dsn) as connection:
            workers = ids(connection, WORKERS)
        if how == "crashed":
            first.stop()
        else:
            fate.enter_context(first.machine.cut_off())
        with psycopg.connect(site.dsn_at(second), autocommit=True) as connection:
            wait_until(lambda: ids(connection, LEASES_ARE_OVER) == [True], what="all leases to run out")
            second.promote()
            acknowledged.more(ENOUGH)
            acknowledged.stop()
            wait_until(lambda: not unfinished(connection), what="all jobs to end")
            ended = ids(connection, COMPLETED)
            assert set(acknowledged.ids) <= set(ended), "jobs were lost"
            assert len(ended) == len(set(ended)), "a job was settled twice"
            assert ids(connection, CHARGED) == [0]
            assert ids(connection, WORKERS) == workers, "a living worker was reaped"
        assert "registering anew" not in alpha.text + beta.text
