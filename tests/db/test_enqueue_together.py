"""Callers who come together share a statement and a commit, and see nothing of each other."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from pooljobs import DatabaseRefusedError, DatabaseUnreachableError, NotMigratedError, PoolJobs
from pooljobs.db.store.insert import InsertStatement, InsertTogetherStatement
from pooljobs.db.store.producer_pool import ProducerPool
from pooljobs.job.new_job import NewJob
from tests.support.claims import SQL, scalar
from tests.support.cut_line import line_to
from tests.support.waiting import wait_until

Conn = Connection[Any]

THREADS, EACH = 32, 20
TRANSACTIONS = "SELECT count(DISTINCT xmin::text) FROM pooljobs.live"
BLOCKED = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
PAYLOADS = "SELECT id, (payload ->> 'n')::integer FROM pooljobs.live"
REFUSAL = """
CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.payload ->> 'n')::integer < 0 THEN RAISE EXCEPTION 'n is %', NEW.payload ->> 'n'; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refuse BEFORE INSERT ON pooljobs.live FOR EACH ROW EXECUTE FUNCTION public.refuse();
"""


@pytest.fixture
def app(dsn: str) -> Iterator[PoolJobs]:
    with PoolJobs(dsn, pool_size=2, wait=600) as made:

        @made.job
        def greet(n: int) -> None: ...

        yield made


@pytest.fixture
def busy(dsn: str, app: PoolJobs) -> Iterator[threading.Event]:
    """Statements that store jobs wait until it is set; there is one connection for them."""
    app.pool_size = 1
    app.enqueue("greet", {"n": 0})
    go = threading.Event()
    held = threading.Event()

    def hold() -> None:
        with psycopg.connect(dsn) as other:
            other.execute("LOCK TABLE pooljobs.live IN SHARE MODE")
            held.set()
            go.wait(60)

    with ThreadPoolExecutor() as threads:
        holding = threads.submit(hold)
        held.wait(60)
        yield go
        go.set()
        holding.result(60)


@pytest.mark.hazard(
    "One of the callers who share a statement is refused, interrupted or cancelled, and the others fail with "
    "him, wait for ever, or get his id",
    closed="what was refused together has its turn by itself (`shared/pooljobs/db/store/storing.py`); whoever leads "
    "hands that on, however he ends (`shared/pooljobs/db/store/group_commit.py`); a statement is no task that "
    "could be cancelled (`shared/pooljobs/enqueue/async_group_commit.py`)",
    area="enqueueing",
)
def test_threads_get_their_own_ids_and_their_own_errors(owner_dsn: str, app: PoolJobs, connection: Conn) -> None:
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        owner.execute(REFUSAL.encode())
    stored: dict[Any, int] = {}

    def call(thread: int) -> None:
        for number in range(EACH):
            n = thread * EACH + number + 1
            if n % 50:
                stored[app.enqueue("greet", {"n": n}).id] = n
            else:
                with pytest.raises(DatabaseRefusedError, match=rf"n is -{n}\b"):
                    app.enqueue("greet", {"n": -n})

    with ThreadPoolExecutor(THREADS) as threads:
        for done in [threads.submit(call, thread) for thread in range(THREADS)]:
            done.result(60)
    assert dict(connection.execute(PAYLOADS).fetchall()) == stored
    assert len(stored) == THREADS * EACH - THREADS * EACH // 50


def test_what_waits_for_a_connection_is_stored_in_one_transaction_in_the_order_of_the_calls(
    app: PoolJobs, busy: threading.Event, connection: Conn
) -> None:
    gathering = app._outlet.producer()._gathering
    with ThreadPoolExecutor(50) as threads:
        leading = threads.submit(app.enqueue, "greet", {"n": -1})
        wait_until(lambda: scalar(connection, BLOCKED) == 1, what="the connection to be in use")
        calls = []
        for n in range(1, 40):
            calls.append(threads.submit(app.enqueue, "greet", {"n": n}))
            wait_until(lambda n=n: len(gathering._waiting) == n, what="the call to wait")  # type: ignore[misc]
        busy.set()
        ids = [call.result(60).id for call in calls]
        leading.result(60)
    rows = connection.execute(f"{PAYLOADS} WHERE (payload ->> 'n')::integer > 0 ORDER BY id".encode()).fetchall()
    assert rows == list(zip(ids, range(1, 40), strict=True))
    assert scalar(connection, f"{TRANSACTIONS} WHERE (payload ->> 'n')::integer > 0") == 1


def test_tasks_of_a_loop_share_statements_and_have_their_own_errors(
    owner_dsn: str, app: PoolJobs, connection: Conn
) -> None:
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        owner.execute(REFUSAL.encode())
    greet = app.registry["greet"]

    async def main() -> list[Any]:
        outcomes: list[Any] = await asyncio.gather(
            *(greet.enqueue_async(n=n if n % 50 else -n) for n in range(1, 501)), return_exceptions=True
        )
        return outcomes

    outcomes = asyncio.run(main())
    refused = [error for error in outcomes if isinstance(error, DatabaseRefusedError)]
    told = sorted(str(error).split("n is ")[1].split()[0] for error in refused)
    assert told == sorted(str(-n) for n in range(50, 501, 50))
    assert len(set(map(id, refused))) == 10
    stored = {handle.id: n for n, handle in enumerate(outcomes, 1) if not isinstance(handle, BaseException)}
    assert dict(connection.execute(PAYLOADS).fetchall()) == stored


def test_five_hundred_tasks_take_a_handful_of_transactions(app: PoolJobs, connection: Conn) -> None:
    greet = app.registry["greet"]

    async def main() -> None:
        await asyncio.gather(*(greet.enqueue_async(n=n) for n in range(500)))

    asyncio.run(main())
    assert scalar(connection, "SELECT count(*) FROM pooljobs.live") == 500
    assert scalar(connection, TRANSACTIONS) <= 10


def test_a_job_is_the_same_whether_it_was_stored_alone_or_with_others(dsn: str, connection: Conn) -> None:
    jobs = [
        NewJob("a", b"{}"),
        NewJob("b", '{"text": "späť \\" {} , null"}'.encode(), queue="q,{}", priority=-4, max_retries=1),
        NewJob("c", b"null", trace_id="a\tb", priority=4, delay_secs=3600.0),
        NewJob("d", b"[1, 2.50, {}]", run_at=datetime(2001, 2, 3, tzinfo=UTC), max_retries=32767),
        NewJob("e", b'"x"', run_at=datetime(2100, 1, 1, 3, tzinfo=UTC) + timedelta(microseconds=1)),
    ]
    pool = ProducerPool(dsn, 1)
    session = pool.take(time.monotonic() + 60)
    columns = (
        "SELECT job_type, payload, payload::text, queue, priority, max_retries, trace_id, flags, fence, attempts,"
        " run_at - CASE WHEN job_type IN ('a', 'b', 'c') THEN created_at ELSE '2000-01-01' END"
        " FROM pooljobs.live ORDER BY id"
    )
    alone = InsertStatement(SQL)
    for job in jobs:
        alone.store(session.connection, job, session.ids.make())
    expected = connection.execute(columns.encode()).fetchall()
    connection.execute("TRUNCATE pooljobs.live")
    InsertTogetherStatement(SQL).store(session.connection, jobs, session.ids.make(len(jobs)))
    assert connection.execute(columns.encode()).fetchall() == expected
    pool.give(session)
    pool.renew()


def test_a_host_that_sleeps_is_told_once_a_queue_and_the_commit_is_durable_all_the_same(
    dsn: str, connection: Conn
) -> None:
    connection.execute(SQL.load("mark_host_idle"), {"fleet": 1, "queues": ["a", "b"], "seconds": 600.0})
    pool = ProducerPool(dsn, 1)
    session = pool.take(time.monotonic() + 60)
    together = InsertTogetherStatement(SQL)

    def early(*queues: str) -> bool:
        jobs = [NewJob("noop", b"{}", queue=queue) for queue in queues]
        return together.store(session.connection, jobs, session.ids.make(len(jobs)))

    with psycopg.connect(dsn, autocommit=True) as listening:
        listening.execute("LISTEN pooljobs")
        assert early("a", "c", "a", "b")
        assert not early("c", "c"), "nobody sleeps who serves it: nobody is told"
        connection.execute("NOTIFY pooljobs, 'end'")
        first, second, last = listening.notifies(timeout=60, stop_after=3)
        assert (sorted((first.payload, second.payload)), last.payload) == (["a", "b"], "end")
    pool.give(session)
    pool.renew()


@pytest.mark.hazard("One of the callers who share a statement is refused")
def test_when_the_answer_is_lost_each_is_told_of_its_own_job(dsn: str, connection: Conn) -> None:
    with line_to(dsn) as line, PoolJobs(line.dsn, pool_size=1, wait=0) as app:

        @app.job
        def greet(n: int) -> None: ...

        async def main() -> list[Any]:
            await asyncio.gather(*(greet.enqueue_async(n=0) for _ in range(3)))
            line.lose_answer = b"SELECT 1"  # of the statement's end
            return await asyncio.gather(*(greet.enqueue_async(n=n) for n in range(1, 6)), return_exceptions=True)

        told = asyncio.run(main())
    errors = [error for error in told if isinstance(error, DatabaseUnreachableError)]
    assert errors
    assert all(len(error.job_ids) == 1 and error.maybe_stored for error in errors)
    assert len({error.job_ids[0] for error in errors}) == len(errors)
    assert all(str(error.job_ids[0]) in str(error) for error in errors)


def test_without_the_schema_every_caller_is_told(dsn: str, app: PoolJobs, owner_dsn: str) -> None:
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        owner.execute("ALTER SCHEMA pooljobs RENAME TO elsewhere")
    greet = app.registry["greet"]

    async def main() -> list[Any]:
        outcomes: list[Any] = await asyncio.gather(
            *(greet.enqueue_async(n=n) for n in range(20)), return_exceptions=True
        )
        return outcomes

    assert all(isinstance(error, NotMigratedError) for error in asyncio.run(main()))
