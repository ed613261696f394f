"""Every way of enqueueing through a task, on a real database."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import dict_row

from pooljobs import JobContext, JobHandle, NotMigratedError, PayloadError, PoolJobs, Task
from pooljobs.handler.context import entered
from tests.support.forking import exit_code_of


@dataclass
class Mail:
    to: str
    copies: int = 1


class Shop:
    """An application with one handler of each form."""

    def __init__(self, dsn: str | None) -> None:
        self.app = PoolJobs(dsn, pool_size=2)
        self.send: Task[[Mail], None] = self.app.job(queue="emails", max_retries=5)(send)
        self.thumbnail = self.app.job(thumbnail)


def send(payload: Mail) -> None: ...


def thumbnail(path: str, width: int = 200) -> None: ...


@pytest.fixture
def shop(dsn: str) -> Iterator[Shop]:
    made = Shop(dsn)
    with made.app:
        yield made


def stored(connection: psycopg.Connection[Any]) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute("SELECT * FROM pooljobs.jobs ORDER BY id").fetchall()


def test_a_job_is_stored_as_its_handler_declares(shop: Shop, connection: psycopg.Connection[Any]) -> None:
    handle = shop.send.enqueue(Mail("a@example.com"))
    (row,) = stored(connection)
    assert handle == JobHandle(row["id"], "send", "emails")
    assert (row["payload"], row["max_retries"], row["status"]) == ({"to": "a@example.com", "copies": 1}, 5, "pending")


def test_options_are_stored(shop: Shop, connection: psycopg.Connection[Any]) -> None:
    when = datetime(2126, 1, 2, tzinfo=UTC)
    shop.thumbnail.options(run_at=when, priority=-1, queue="slow", max_retries=1, trace_id="t").enqueue("x")
    (row,) = stored(connection)
    assert (row["run_at"], row["queue"], row["max_retries"], row["trace_id"]) == (when, "slow", 1, "t")
    shop.thumbnail.options(delay=60).enqueue("y")
    delays = connection.execute("SELECT run_at - created_at FROM pooljobs.jobs WHERE queue = 'default'").fetchone()
    assert delays is not None
    assert delays[0].total_seconds() == 60


def test_enqueueing_from_a_coroutine(shop: Shop, connection: psycopg.Connection[Any]) -> None:
    handle = asyncio.run(shop.thumbnail.enqueue_async(path="x"))
    assert [row["id"] for row in stored(connection)] == [handle.id]


def test_a_job_commits_and_rolls_back_with_the_callers_transaction(
    dsn: str, connection: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("POOLJOBS_DSN", "DATABASE_URL"):
        monkeypatch.setenv(name, "no connection string")  # what the application itself would use is not looked at
    shop = Shop(None)
    with psycopg.connect(dsn) as caller:
        shop.send.enqueue_with(caller, Mail("rolled back"))
        assert stored(connection) == []
        caller.rollback()
        handle = shop.send.options(priority=1).enqueue_with(caller, Mail("kept"))
        caller.commit()
    assert [row["id"] for row in stored(connection)] == [handle.id]


def test_the_same_on_an_asynchronous_connection(shop: Shop, dsn: str, connection: psycopg.Connection[Any]) -> None:
    async def enqueue() -> JobHandle:
        async with await psycopg.AsyncConnection.connect(dsn) as caller:
            await shop.send.enqueue_with(caller, Mail("rolled back"))
            await caller.rollback()
            return await shop.send.enqueue_with(caller, Mail("kept"))

    handle = asyncio.run(enqueue())
    assert [row["id"] for row in stored(connection)] == [handle.id]


def test_many_are_stored_in_order_and_progress_is_told(shop: Shop, connection: psycopg.Connection[Any]) -> None:
    told: list[int] = []
    handles = shop.thumbnail.enqueue_many(({"path": str(n)} for n in range(2500)), on_progress=told.append)
    paths = {row["id"]: row["payload"]["path"] for row in stored(connection)}
    assert [paths[handle.id] for handle in handles] == [str(n) for n in range(2500)]
    assert told[-1] == 2500
    assert told == sorted(told)


def test_one_bad_item_among_many_stores_nothing(shop: Shop, connection: psycopg.Connection[Any]) -> None:
    items = [{"path": str(n)} for n in range(2500)] + [{"path": "a\0b"}]
    with pytest.raises(PayloadError, match=r"thumbnail: payload\.path: contains a NUL"):
        shop.thumbnail.enqueue_many(items)
    assert stored(connection) == []


def test_enqueueing_by_name(shop: Shop, connection: psycopg.Connection[Any]) -> None:
    shop.app.enqueue("send", {"to": "x"}, priority=-1)
    shop.app.enqueue("elsewhere")
    found = {row["job_type"]: (row["queue"], row["max_retries"], row["payload"]) for row in stored(connection)}
    assert found == {"send": ("emails", 5, {"to": "x"}), "elsewhere": ("default", 3, {})}


def test_a_job_enqueued_by_a_job_inherits_its_trace(shop: Shop, connection: psycopg.Connection[Any]) -> None:
    with entered(JobContext(uuid4(), "send", "emails", 1, 3, trace_id="outer")):
        asyncio.run(shop.thumbnail.enqueue_async(path="x"))
        shop.app.enqueue("elsewhere")
    assert [row["trace_id"] for row in stored(connection)] == ["outer", "outer"]


def test_awkward_payloads_come_back_as_they_were(shop: Shop, connection: psycopg.Connection[Any]) -> None:
    awkward = {"": None, "\U0001f600 \\u0000 '\"": [1e16, 5e-324, 2**64 - 1, -(2**63), "null"], "big": "x" * 5_000_000}
    shop.app.enqueue("elsewhere", awkward)
    assert stored(connection)[0]["payload"] == awkward


def test_a_forked_child_opens_connections_of_its_own(shop: Shop, connection: psycopg.Connection[Any]) -> None:
    shop.thumbnail.enqueue("parent")

    def child() -> bool:
        shop.thumbnail.enqueue(f"child {os.getpid()}")
        shop.app.close()
        return True

    assert exit_code_of(child) == 0
    shop.thumbnail.enqueue("parent again")
    assert len(stored(connection)) == 3


def test_a_redirected_application_enqueues_on_the_new_database(dsn: str, connection: psycopg.Connection[Any]) -> None:
    with Shop("host=127.0.0.1 port=1").app as app:
        app.use_dsn(dsn)
        app.enqueue("elsewhere")
    assert len(stored(connection)) == 1


def test_a_database_without_the_schema_says_so(empty_dsn: str) -> None:
    with PoolJobs(empty_dsn) as app, pytest.raises(NotMigratedError):
        app.enqueue("elsewhere")
