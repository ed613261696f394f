"""Many jobs at once, on connections of the caller's, sync and async, and from tasks that may be cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from threading import Event
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import dict_row

from pooljobs import JobHandles, NotMigratedError, PayloadError, PoolJobs
from tests.support.waiting import wait_until


class Shop:
    def __init__(self, dsn: str | None) -> None:
        self.app = PoolJobs(dsn, pool_size=1)
        self.thumbnail = self.app.job(queue="pictures")(thumbnail)


def thumbnail(path: str, width: int = 200) -> None: ...


@pytest.fixture
def shop(dsn: str) -> Iterator[Shop]:
    made = Shop(dsn)
    with made.app:
        yield made


def paths(connection: psycopg.Connection[Any]) -> list[str]:
    rows = connection.execute("SELECT payload->>'path' FROM pooljobs.jobs ORDER BY id").fetchall()
    return [row[0] for row in rows]


def items(*names: str) -> Iterator[dict[str, Any]]:
    return ({"path": name} for name in names)


def test_the_six_ways_are_the_same_for_tasks_with_and_without_options_and_for_names(
    shop: Shop, dsn: str, connection: psycopg.Connection[Any]
) -> None:
    one, many = {"path": "x"}, [{"path": "x"}, {"path": "x"}]
    app, task, bound = shop.app, shop.thumbnail, shop.thumbnail.options(priority=2)
    with psycopg.connect(dsn, autocommit=True) as caller:
        stored = [
            *(task.enqueue(path="x"), bound.enqueue(path="x"), app.enqueue("thumbnail", one, priority=2)),
            *(task.enqueue_with(caller, path="x"), bound.enqueue_with(caller, path="x")),
            app.enqueue_with(caller, "thumbnail", one, priority=2),
            *(*task.enqueue_many(many), *bound.enqueue_many(many)),
            *app.enqueue_many("thumbnail", many, priority=2),
            *(*task.enqueue_many_with(caller, many), *bound.enqueue_many_with(caller, many)),
            *app.enqueue_many_with(caller, "thumbnail", many, priority=2),
        ]

    async def asynchronous() -> None:
        stored.append(await task.enqueue_async(path="x"))
        stored.append(await bound.enqueue_async(path="x"))
        stored.append(await app.enqueue_async("thumbnail", one, priority=2))
        stored.extend(await task.enqueue_many_async(many))
        stored.extend(await bound.enqueue_many_async(many))
        stored.extend(await app.enqueue_many_async("thumbnail", many, priority=2))
        async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as caller:
            stored.append(await task.enqueue_with(caller, path="x"))
            stored.append(await app.enqueue_with(caller, "thumbnail", one, priority=2))
            stored.extend(await bound.enqueue_many_with(caller, many))
            stored.extend(await app.enqueue_many_with(caller, "thumbnail", many, priority=2))

    asyncio.run(asynchronous())
    rows = connection.execute("SELECT id, job_type, queue, payload, priority FROM pooljobs.jobs").fetchall()
    assert sorted(handle.id for handle in stored) == sorted(row[0] for row in rows)
    assert {(handle.job_type, handle.queue) for handle in stored} == {("thumbnail", "pictures")}
    assert all(row[1:4] == ("thumbnail", "pictures", {"path": "x"}) for row in rows)
    assert sorted(row[4] for row in rows) == [0] * 10 + [2] * 23


def test_an_unknown_name_gets_the_defaults(shop: Shop, dsn: str, connection: psycopg.Connection[Any]) -> None:
    with psycopg.connect(dsn) as caller:
        handles = shop.app.enqueue_many_with(caller, "elsewhere", [[1], [2]], max_retries=7)
    rows = connection.execute("SELECT id, queue, payload, max_retries FROM pooljobs.jobs ORDER BY id").fetchall()
    assert rows == [(handles[0].id, "default", [1], 7), (handles[1].id, "default", [2], 7)]


def test_they_commit_and_roll_back_with_the_callers_transaction(
    dsn: str, connection: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("POOLJOBS_DSN", "DATABASE_URL"):
        monkeypatch.setenv(name, "no connection string")
    shop = Shop(None)
    with psycopg.connect(dsn, row_factory=dict_row) as caller:
        shop.thumbnail.enqueue_many_with(caller, items("rolled", "back"))  # its first statement: nothing has begun
        assert paths(connection) == []
        caller.rollback()
        handles = shop.thumbnail.enqueue_many_with(caller, items("a", "b"))
        with suppress(psycopg.Rollback), caller.transaction():
            shop.thumbnail.enqueue_many_with(caller, items("of a savepoint"))
            raise psycopg.Rollback
        caller.commit()
    assert paths(connection) == ["a", "b"]
    assert isinstance(handles.ids[0], UUID)


def test_the_same_on_an_asynchronous_connection(shop: Shop, dsn: str, connection: psycopg.Connection[Any]) -> None:
    told: list[int] = []

    async def enqueue() -> JobHandles:
        async with await psycopg.AsyncConnection.connect(dsn, row_factory=dict_row) as caller:
            await shop.thumbnail.enqueue_many_with(caller, items("rolled", "back"))
            await caller.rollback()
            many = (str(number) for number in range(2500))
            return await shop.thumbnail.enqueue_many_with(caller, items(*many), on_progress=told.append)

    handles = asyncio.run(enqueue())
    ids = [row[0] for row in connection.execute("SELECT id FROM pooljobs.jobs ORDER BY id").fetchall()]
    assert ids == [handle.id for handle in handles]
    assert paths(connection) == [str(number) for number in range(2500)]
    assert told[-1] == 2500


def test_what_is_refused_leaves_the_callers_transaction_as_it_was(
    shop: Shop, dsn: str, connection: psycopg.Connection[Any]
) -> None:
    with psycopg.connect(dsn) as caller:
        shop.thumbnail.enqueue_with(caller, path="kept")
        with pytest.raises(PayloadError):
            shop.thumbnail.enqueue_many_with(caller, items(*map(str, range(2500)), "a\0b"))
        assert paths(connection) == []
    assert paths(connection) == ["kept"]

    async def asynchronous() -> None:
        async with await psycopg.AsyncConnection.connect(dsn) as caller:
            await shop.thumbnail.enqueue_with(caller, path="kept too")
            with pytest.raises(PayloadError):
                await shop.thumbnail.enqueue_many_with(caller, items(*map(str, range(2500)), "a\0b"))

    asyncio.run(asynchronous())
    assert paths(connection) == ["kept", "kept too"]


@pytest.mark.parametrize("encoding", ["utf8", "latin1"])
def test_where_copy_would_not_do_they_go_by_statements(
    shop: Shop, dsn: str, connection: psycopg.Connection[Any], encoding: str
) -> None:
    with psycopg.connect(dsn, client_encoding=encoding) as caller:
        shop.thumbnail.enqueue_many_with(caller, items(*(f"é {number}" for number in range(1200))))
    with psycopg.connect(dsn, autocommit=True) as caller, caller.pipeline():
        shop.thumbnail.enqueue_many_with(caller, items("in a pipeline"))
    assert paths(connection) == [f"é {number}" for number in range(1200)] + ["in a pipeline"]


def test_an_error_of_what_yields_the_items_is_its_own(
    shop: Shop, dsn: str, connection: psycopg.Connection[Any]
) -> None:
    def from_elsewhere() -> Iterator[dict[str, Any]]:
        yield from items(*map(str, range(1500)))
        connection.execute("SELECT * FROM no_such_table")

    with psycopg.connect(dsn) as caller, pytest.raises(psycopg.errors.UndefinedTable):
        shop.thumbnail.enqueue_many_with(caller, from_elsewhere())
    assert paths(connection) == []


def test_a_database_without_the_schema_says_so(empty_dsn: str) -> None:
    with psycopg.connect(empty_dsn) as caller, pytest.raises(NotMigratedError):
        Shop(None).thumbnail.enqueue_many_with(caller, items("x"))


def test_nothing_is_stored_for_a_task_that_was_cancelled_while_its_items_were_read(
    shop: Shop, connection: psycopg.Connection[Any]
) -> None:
    reading, go_on = Event(), Event()

    def slowly() -> Iterator[dict[str, Any]]:
        yield {"path": "first"}
        reading.set()
        go_on.wait()
        yield {"path": "second"}

    async def cancelled() -> None:
        load = asyncio.create_task(shop.thumbnail.enqueue_many_async(slowly()))
        await asyncio.to_thread(reading.wait)
        load.cancel()
        with pytest.raises(asyncio.CancelledError):
            await load
        go_on.set()
        await asyncio.get_running_loop().shutdown_default_executor()  # the load's thread too has ended then

    asyncio.run(cancelled())
    assert paths(connection) == []
    shop.thumbnail.enqueue("the connection is as good as ever")


@pytest.mark.parametrize("count", [1, 1000])  # of the thousand the last was told of before the end
def test_nor_for_one_that_was_cancelled_when_the_server_had_them_all(
    shop: Shop, dsn: str, connection: psycopg.Connection[Any], count: int
) -> None:
    def one_waits() -> bool:
        rows = connection.execute("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'").fetchall()
        return len(rows) == 1

    connection.execute("""
        CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql
            AS 'BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN new; END'
    """)
    connection.execute("CREATE TRIGGER wait BEFORE INSERT ON pooljobs.live FOR EACH ROW EXECUTE FUNCTION wait()")

    async def cancelled() -> None:
        with psycopg.connect(dsn) as other:
            other.execute("SELECT pg_advisory_xact_lock(1)")
            load = asyncio.create_task(shop.thumbnail.enqueue_many_async(items(*map(str, range(count)))))
            await asyncio.to_thread(wait_until, one_waits)
            load.cancel()
            with pytest.raises(asyncio.CancelledError):
                await load
        await asyncio.get_running_loop().shutdown_default_executor()

    asyncio.run(cancelled())
    assert paths(connection) == []


def test_an_enqueue_hook_that_changes_the_queue_is_seen_in_the_handles(
    shop: Shop, connection: psycopg.Connection[Any]
) -> None:
    shop.app.on_enqueue(lambda job: job._replace(queue="elsewhere"))
    handles = [shop.thumbnail.enqueue("x"), *shop.thumbnail.enqueue_many(items("y"))]
    assert {handle.queue for handle in handles} == {"elsewhere"}
    assert connection.execute("SELECT DISTINCT queue FROM pooljobs.jobs").fetchall() == [("elsewhere",)]
