"""The database goes away and comes back: nothing is lost, the log says so once, and nobody hangs."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from pooljobs import DatabaseUnreachableError, PoolJobs
from pooljobs.db.schema.migrator import migrate
from pooljobs.db.store.producer import Producer
from pooljobs.embedded import acquire
from pooljobs.job.new_job import NewJob
from tests.support import audit_app
from tests.support.run_directory import run_directory
from tests.support.serving import Serving, counts, enqueue, unfinished
from tests.support.waiting import wait_until

SOMEBODY_SLEEPS = "INSERT INTO pooljobs.idle_hosts VALUES ('default', 1, now() + interval '1 hour')"
FAST = ("--poll-interval", "0.1")
CUT = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name LIKE 'pooljobs worker-%'"
BEGUN = "SELECT 1 FROM public.audit"
FORGET = (
    "UPDATE pooljobs.live SET worker_id = NULL, token = NULL, fence = fence - 1, started_at = NULL"
    " WHERE id IN (SELECT id FROM pooljobs.live WHERE worker_id IS NOT NULL"
    " AND id NOT IN (SELECT job_id FROM public.audit) ORDER BY id DESC LIMIT 5)"
)
TWICE = "SELECT count(*) - count(DISTINCT job_id) FROM public.audit"


class OwnServer:
    """A server that a test may crash. It is durable: what it committed must survive."""

    def __init__(self, root: Path, uses: ExitStack) -> None:
        self._root = root
        self._uses = uses
        self.dsn = ""
        self.start()

    def start(self) -> None:
        """Starts it, after a crash too."""
        self.dsn = self._uses.enter_context(acquire(self._root)).dsn

    def crash(self) -> None:
        """An immediate shutdown: no checkpoint, all sessions cut off; recovery comes at the next start."""
        pid = int((self._root / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGQUIT)
        wait_until(lambda: not self.answers(), what="the server to be gone")

    def answers(self) -> bool:
        """Whether it takes connections."""
        try:
            psycopg.connect(self.dsn).close()
        except psycopg.OperationalError:
            return False
        return True

    def ask(self, question: Callable[[psycopg.Connection[Any]], Any]) -> Any:
        """Asks on a new connection; the old ones do not outlive a crash."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            return question(connection)


@pytest.fixture
def own_server() -> Iterator[OwnServer]:
    with ExitStack() as uses:
        server = OwnServer(run_directory() / f"own-{uuid4().hex[:8]}", uses)
        migrate(server.dsn)
        server.ask(lambda connection: connection.execute(audit_app.TABLE.encode()))
        yield server


def test_a_crash_of_the_server_under_load_loses_no_job(own_server: OwnServer, tmp_path: Path) -> None:
    own_server.ask(lambda connection: enqueue(connection, "quiet", 2000))
    with Serving(own_server.dsn, tmp_path / "log", *FAST, "--procs", "2", "--job-timeout", "2") as serving:
        for _ in range(2):
            before = own_server.ask(counts).get("completed", 0)
            wait_until(partial(completed_beyond, own_server, before), what="jobs to complete")
            own_server.crash()
            own_server.start()
        wait_until(lambda: not own_server.ask(unfinished), timeout=60, what="all jobs to end")
        assert own_server.ask(counts) == {"completed": 2000}
        assert serving.process.poll() is None
        assert serving.text.count("worker-1   the database is away") <= 2, "a line a try, not one a change"
        assert "the database is back" in serving.text


@pytest.mark.hazard(
    "A job whose commit is early, for somebody who sleeps, is acknowledged and then forgotten by a crash of the server",
    closed="`enqueue` returns when all that was committed is on the disk (`wait_for_disk.sql`); a caller's "
    "transaction is never early",
    area="enqueueing",
)
def test_a_crash_of_the_server_loses_no_job_that_was_acknowledged(own_server: OwnServer) -> None:
    """Not even where somebody sleeps, who is told of the job before it is on the disk."""
    own_server.ask(lambda connection: connection.execute(SOMEBODY_SLEEPS.encode()))
    producer = Producer(own_server.dsn, "pooljobs", pool_size=1)
    for _ in range(20):
        producer.insert(NewJob("quiet", b"{}"))
    own_server.crash()
    producer.close()
    own_server.start()
    assert own_server.ask(counts) == {"pending": 20}


def greet() -> None: ...


def test_producers_go_on_when_the_server_is_back_and_know_of_every_job(own_server: OwnServer) -> None:
    """Acknowledged jobs are there; of what is there besides, the errors told, and of nothing else."""
    stop = threading.Event()
    told: set[UUID] = set()
    maybe: set[UUID] = set()

    def produce(app: PoolJobs, rounds: list[int]) -> None:
        greet = app.registry["greet"]
        while not stop.is_set():
            try:
                told.add(greet.enqueue().id)
                told.update(greet.enqueue_many([{}, {}]).ids)
                told.add(asyncio.run(greet.enqueue_async()).id)
            except DatabaseUnreachableError as outage:
                if not outage.maybe_stored:
                    raise
                maybe.update(outage.job_ids)
            rounds[0] += 1

    with PoolJobs(own_server.dsn, wait=60) as app, ThreadPoolExecutor(4) as threads:
        app.job(greet)
        counters = [[0] for _ in range(4)]
        producing = [threads.submit(produce, app, counter) for counter in counters]
        for _ in range(3):
            before = [counter[0] for counter in counters]
            wait_until(lambda: all(c[0] > b + 20 for c, b in zip(counters, before, strict=True)), what="some rounds")  # noqa: B023
            own_server.crash()
            own_server.start()
        stop.set()
        for each in producing:
            each.result(60)
    stored = {row[0] for row in own_server.ask(lambda c: c.execute("SELECT id FROM pooljobs.live").fetchall())}
    assert told <= stored
    assert stored - told <= maybe


def test_a_fleet_without_its_database_still_ends_when_told(own_server: OwnServer, tmp_path: Path) -> None:
    with Serving(own_server.dsn, tmp_path / "log", *FAST) as serving:
        own_server.crash()
        wait_until(lambda: "the database is away" in serving.text, what="the outage to be noticed")
        serving.signal(signal.SIGTERM)
        assert serving.ended() == 0, serving.text


def test_a_terminated_backend_costs_no_job(own_server: OwnServer, tmp_path: Path) -> None:
    own_server.ask(lambda connection: enqueue(connection, "audited", 1000))
    with Serving(own_server.dsn, tmp_path / "log", *FAST, "--procs", "2"):
        for done in range(50, 1000, 50):
            wait_until(partial(completed_beyond, own_server, done), what=f"{done} jobs to complete")
            own_server.ask(lambda connection: connection.execute(CUT.encode()))
        wait_until(lambda: not own_server.ask(unfinished), what="all jobs to end")
        assert own_server.ask(counts) == {"completed": 1000}
        assert own_server.ask(lambda connection: connection.execute(TWICE.encode()).fetchone()) == (0,)


@pytest.mark.hazard(
    "The worker of a claim that a server crash forgot runs its jobs all the same, beside those who claimed them again",
    closed="with each new connection it asks which claims still stand "
    "(`worker/pooljobs_worker/claims/lost_claims.py`), and while a handler runs it looks whether the old one "
    "is gone (`worker/pooljobs_worker/session/worker_session.py`); what has begun goes on, and its result is "
    "refused",
    area="ownership",
)
@pytest.mark.parametrize("options", [(), ("--concurrency", "2")], ids=["serial", "threads"])
def test_what_the_server_forgot_is_not_run_by_who_claimed_it(
    own_server: OwnServer, tmp_path: Path, options: tuple[str, ...]
) -> None:
    """As a crash leaves it that undid a part of a claim: those jobs are pending, the worker's connection is gone."""
    own_server.ask(lambda connection: enqueue(connection, "audited", 10, '{"secs": 0.7}'))
    with Serving(own_server.dsn, tmp_path / "log", "--poll-interval", "600", *options) as serving:
        wait_until(lambda: own_server.ask(lambda c: c.execute(BEGUN.encode()).fetchone()), what="the batch to begin")
        forgotten = own_server.ask(lambda connection: connection.execute(FORGET.encode()).rowcount)
        assert forgotten > 0
        own_server.ask(lambda connection: connection.execute(CUT.encode()))
        wait_until(lambda: "no longer knows of" in serving.text, what="the worker to ask")
        wait_until(lambda: not own_server.ask(unfinished), timeout=60, what="all jobs to end")
        assert own_server.ask(counts) == {"completed": 10}
        assert own_server.ask(lambda connection: connection.execute(TWICE.encode()).fetchone()) == (0,)
        assert "was lost to another worker" not in serving.text


def completed_beyond(server: OwnServer, number: int) -> bool:
    return bool(server.ask(counts).get("completed", 0) > number)
