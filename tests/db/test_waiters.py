"""Who waits for a job hears of its end: by a notification, and without one by looking himself."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import Connection

from pooljobs import (
    JobCancelledError,
    JobFailedError,
    JobHandle,
    NoResultError,
    NotMigratedError,
    PoolJobs,
    RefusedError,
    ResultNotReadyError,
)
from pooljobs.enqueue import look_times, result_hub
from pooljobs.enqueue.wait_session import WaitSession
from pooljobs.job.verdict import Verdict
from tests.support.claims import SQL, Claim, claim, register, scalar, settle_all
from tests.support.cut_line import line_to
from tests.support.pgbouncer import pooled
from tests.support.waiting import wait_until

Conn = Connection[Any]

FAR = (3600.0,)
"""Nobody looks by himself: what is heard was told."""

WAITERS = """
SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pooljobs waiter' AND datname = current_database()
"""


def app_on(dsn: str, **settings: Any) -> PoolJobs:
    app = PoolJobs(dsn, results=True, **settings)

    @app.job
    def square(n: int) -> int:
        return n * n

    return app


@pytest.fixture
def app(dsn: str) -> Iterator[PoolJobs]:
    with app_on(dsn) as made:
        yield made


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


@pytest.fixture
def told_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look_times, "HEARING", FAR)


@pytest.fixture
def looking_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look_times, "HEARING", (0.05,))


class Worker:
    """Claims all that there is, and settles it when it is told to."""

    def __init__(self, connection: Conn) -> None:
        self.connection = connection
        self._id = register(connection)

    def claim(self, count: int = 10) -> list[Claim]:
        return claim(self.connection, self._id, limit=count) or []

    def complete(self, claims: list[Claim]) -> None:
        assert not settle_all(self.connection, *(one.settled(Verdict.COMPLETED, kept=b"49") for one in claims))


@pytest.fixture
def worker(dsn: str) -> Iterator[Worker]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield Worker(connection)


def enqueued(app: PoolJobs) -> JobHandle:
    return app.registry["square"].enqueue(n=7)


def waited_for(connection: Conn, count: int = 1) -> None:
    """Until so many rows say so."""
    query = "SELECT count(*) FROM pooljobs.waiters WHERE until > now()"
    wait_until(lambda: scalar(connection, query) == count, what="the registration")


def heard(future: Future[Any]) -> Any:
    return future.result(timeout=60)


@pytest.mark.usefixtures("told_only")
def test_the_settlement_tells_who_waits(app: PoolJobs, worker: Worker, connection: Conn, threads: Any) -> None:
    job = enqueued(app)
    first, second = threads.submit(job.result), threads.submit(job.result, timeout=60)
    waited_for(connection)
    worker.complete(worker.claim())
    assert (heard(first), heard(second)) == (49, 49)
    waited_for(connection, 0)


@pytest.mark.usefixtures("told_only")
@pytest.mark.parametrize("verdict", [Verdict.FAILED, Verdict.POISONED, Verdict.CANCELLED])
def test_however_it_ends(app: PoolJobs, worker: Worker, connection: Conn, threads: Any, verdict: Verdict) -> None:
    job = enqueued(app)
    future = threads.submit(job.result)
    waited_for(connection)
    (claimed,) = worker.claim()
    settle_all(worker.connection, claimed.settled(Verdict.RETRY, error="not yet", delay=0.0))
    assert job.status().error == "not yet"
    settle_all(worker.connection, *(one.settled(verdict, error="why") for one in worker.claim()))
    with pytest.raises(JobCancelledError if verdict is Verdict.CANCELLED else JobFailedError, match="why"):
        heard(future)


@pytest.mark.usefixtures("told_only")
def test_a_cancellation_tells_it_too(app: PoolJobs, connection: Conn, threads: Any) -> None:
    job = enqueued(app)
    future = threads.submit(job.result)
    waited_for(connection)
    app.cancel(job, reason="why")
    with pytest.raises(JobCancelledError, match="why"):
        heard(future)


@pytest.mark.usefixtures("looking_only")
@pytest.mark.parametrize("ending", ["complete", "release_dead", "settle"])
def test_what_tells_nobody_is_found_by_the_next_look(
    app: PoolJobs, worker: Worker, connection: Conn, threads: Any, ending: str
) -> None:
    """A completion in a handler's transaction, a host that was lost, and a batch of which nothing is kept."""
    job = enqueued(app)
    future = threads.submit(job.result)
    waited_for(connection)
    (claimed,) = worker.claim()
    one = {"id": claimed.id, "fence": claimed.fence, "token": claimed.token, "started_ago": 0.1}
    if ending == "complete":
        worker.connection.execute(SQL.load("complete_in_transaction"), one)
    elif ending == "settle":
        settle_all(worker.connection, claimed.settled(Verdict.COMPLETED))
    else:
        connection.execute("UPDATE pooljobs.live SET losses = 5, start_recorded = true")
        connection.execute("UPDATE pooljobs.workers SET dead_at = now()")
        worker.connection.execute(SQL.load("release_dead"), {"worker_ids": None, "lost": True, "max_losses": 2})
    with pytest.raises(JobFailedError if ending == "release_dead" else NoResultError):
        heard(future)


@pytest.mark.hazard(
    "A job is settled in the moment in which somebody begins to wait: the settlement does not see him",
    closed="whoever waits looks again after 50 ms, 200 ms, a second, and every five seconds",
    area="results",
)
def test_a_settlement_that_saw_nobody_and_commits_late(
    app: PoolJobs, worker: Worker, connection: Conn, threads: Any
) -> None:
    job = enqueued(app)
    (claimed,) = worker.claim()
    with worker.connection.transaction():
        worker.complete([claimed])
        future = threads.submit(job.result)
        waited_for(connection)
        time.sleep(0.3)  # some of its looks are over
        assert not future.done()
    assert heard(future) == 49


@pytest.mark.hazard(
    "The queue of notifications is full, or a session may not NOTIFY: the settlement fails, or nobody hears of it",
    closed="nothing is told then, and whoever waits looks by himself",
    area="results",
)
def test_without_notifications_it_is_found_by_a_look(
    app: PoolJobs, worker: Worker, connection: Conn, threads: Any
) -> None:
    worker.connection.execute("SET pooljobs.notify = off")
    job = enqueued(app)
    future = threads.submit(job.result)
    waited_for(connection)
    worker.complete(worker.claim())
    assert heard(future) == 49


@pytest.mark.usefixtures("told_only")
@pytest.mark.hazard(
    "The connection that hears of ended jobs is lost: whoever waits waits for ever",
    closed="another is opened, and all that is waited for is registered and looked at anew",
    area="results",
)
@pytest.mark.parametrize("ends", ["before", "after"])
def test_the_listening_connection_is_killed(
    app: PoolJobs, worker: Worker, connection: Conn, threads: Any, ends: str
) -> None:
    job = enqueued(app)
    future = threads.submit(job.result)
    waited_for(connection)
    claims = worker.claim()
    if ends == "before":
        connection.execute("TRUNCATE pooljobs.waiters")
        worker.complete(claims)
    kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'pooljobs waiter'"
    connection.execute("DELETE FROM pooljobs.waiters")
    assert scalar(connection, f"{kill} AND datname = current_database()") == 1
    if ends == "after":
        waited_for(connection)
        worker.complete(claims)
    assert heard(future) == 49


def test_an_outage_ends_no_wait(dsn: str, worker: Worker, connection: Conn, threads: Any) -> None:
    with line_to(dsn) as line, app_on(line.dsn) as app:
        job = enqueued(app)
        future = threads.submit(job.result)
        waited_for(connection)
        line.cut()
        worker.complete(worker.claim())
        tries = line.tries
        wait_until(lambda: line.tries > tries, what="a try to connect")
        assert not future.done()
        line.mend()
        assert heard(future) == 49


def test_at_the_timeout_of_a_wait_in_an_outage_nothing_is_ready(dsn: str, connection: Conn, threads: Any) -> None:
    with line_to(dsn) as line, app_on(line.dsn, wait=60) as app:
        job = enqueued(app)
        future = threads.submit(job.result, timeout=1.0)
        waited_for(connection)
        line.cut()
        with pytest.raises(ResultNotReadyError, match="the database is away"):
            heard(future)
        with pytest.raises(ResultNotReadyError, match="the database is away"):
            asyncio.run(job.result_async(timeout=0.1))


@pytest.mark.usefixtures("told_only")
def test_what_comes_with_the_answer_to_a_statement_is_heard(
    app: PoolJobs, worker: Worker, connection: Conn, threads: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The socket has nothing to say of it afterwards."""
    first, second = threads.submit(enqueued(app).result), enqueued(app)
    waited_for(connection)
    find = WaitSession.find

    def settled_meanwhile(self: WaitSession, *args: Any) -> Any:
        found = find(self, *args)
        if claims := worker.claim():
            worker.complete(claims)
            wait_until(lambda: self._connection.execute("SELECT 1").fetchone() and self._heard, what="the notification")
        return found

    monkeypatch.setattr(WaitSession, "find", settled_meanwhile)
    assert (second.result(timeout=60), heard(first)) == (49, 49)


def test_behind_a_pooler_it_is_found_by_looks_alone(dsn: str, worker: Worker, connection: Conn, threads: Any) -> None:
    with pooled(dsn) as pooler, app_on(pooler.dsn) as app:
        job = enqueued(app)
        future = threads.submit(job.result)
        hub: Any = app._outlet.hub
        wait_until(lambda: hub._times.pauses == look_times.DEAF, what="the hub to know that it hears nothing")
        worker.complete(worker.claim())
        assert heard(future) == 49
        assert scalar(connection, "SELECT count(*) FROM pooljobs.waiters") == 0


def test_at_the_timeout_there_is_a_last_look(app: PoolJobs, worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look_times, "HEARING", FAR)
    worker.connection.execute("SET pooljobs.notify = off")
    job = enqueued(app)
    claims = worker.claim()
    timer = threading.Timer(0.3, worker.complete, [claims])
    timer.start()
    assert job.result(timeout=2) == 49
    timer.join()
    late = enqueued(app)
    began = time.monotonic()
    with pytest.raises(ResultNotReadyError):
        late.result(timeout=0.3)
    assert time.monotonic() - began >= 0.3


def test_the_connection_goes_when_nobody_waits_and_comes_again(
    app: PoolJobs, worker: Worker, connection: Conn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(result_hub, "IDLE_SECS", 0.2)
    for _ in range(2):
        with pytest.raises(ResultNotReadyError):
            enqueued(app).result(timeout=0.1)
        wait_until(lambda: scalar(connection, WAITERS) == 0, what="the connection to go")
        wait_until(lambda: not any(one.name == "pooljobs-waiter" for one in threading.enumerate()), what="the thread")
    job = enqueued(app)
    timer = threading.Timer(0.3, lambda: worker.complete(worker.claim()))
    timer.start()
    assert job.result(timeout=60) == 49
    timer.join()


def test_closing_the_application_ends_the_waits(app: PoolJobs, connection: Conn, threads: Any) -> None:
    future = threads.submit(enqueued(app).result)
    waited_for(connection)
    app.close()
    with pytest.raises(RefusedError, match="closed while a job was waited for"):
        heard(future)
    wait_until(lambda: scalar(connection, WAITERS) == 0, what="the connection to go")
    assert enqueued(app).status().state == "pending"


def test_what_the_database_refuses_ends_them_too(dsn: str) -> None:
    with app_on(dsn, schema="elsewhere") as app:
        job = app.handle(UUID(int=1))
        with pytest.raises(NotMigratedError):
            job.result(timeout=60)
        with pytest.raises(NotMigratedError):
            asyncio.run(job.result_async(timeout=60))


def test_a_task_that_is_cancelled_waits_no_more(app: PoolJobs, connection: Conn) -> None:
    async def main() -> None:
        waiting = asyncio.create_task(enqueued(app).result_async())
        await asyncio.to_thread(waited_for, connection)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await asyncio.to_thread(waited_for, connection, 0)

    asyncio.run(main())


@contextmanager
def forked(child: Callable[[], object]) -> Iterator[None]:
    """A child that does this and leaves: with 0 if it went well."""
    if (pid := os.fork()) == 0:
        code = 1
        try:
            child()
            code = 0
        finally:
            os._exit(code)
    yield
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_child_has_a_connection_of_its_own(app: PoolJobs, worker: Worker, connection: Conn, threads: Any) -> None:
    job = enqueued(app)
    future = threads.submit(job.result)
    waited_for(connection)
    with forked(lambda: job.result(timeout=60)):
        wait_until(lambda: scalar(connection, WAITERS) == 2, what="the child's")
        worker.complete(worker.claim())
    assert heard(future) == 49


@pytest.mark.hazard(
    "Each of ten thousand waits takes a connection, or a look of its own",
    closed="one connection a process, and one look for all that are due",
    area="results",
)
@pytest.mark.parametrize("count", [2000, pytest.param(10_000, marks=pytest.mark.long)])
def test_thousands_wait_on_one_connection(app: PoolJobs, worker: Worker, connection: Conn, count: int) -> None:
    handles = app.registry["square"].enqueue_many({"n": 7} for _ in range(count))

    async def main() -> list[Any]:
        waiting = [asyncio.create_task(job.result_async(timeout=300)) for job in handles]
        await asyncio.to_thread(waited_for, connection, count)
        seen = scalar(connection, WAITERS)
        while claims := await asyncio.to_thread(worker.claim, 500):
            await asyncio.to_thread(worker.complete, claims)
        return [seen, *await asyncio.gather(*waiting)]

    assert asyncio.run(main()) == [1] + [49] * count


def test_a_batch_by_one_call(app: PoolJobs, worker: Worker) -> None:
    handles = app.registry["square"].enqueue_many({"n": 7} for _ in range(300))
    found = app.results(handles, timeout=60)
    while claims := worker.claim(100):
        worker.complete(claims)
    assert sorted(job.id for job, outcome in found if outcome.get() == 49) == list(handles.ids)
