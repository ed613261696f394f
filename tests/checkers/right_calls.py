"""Calls that both type checkers must take; ``test_calls.py`` has them look."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, assert_type
from uuid import UUID

import sqlalchemy as sa
import sqlalchemy.ext.asyncio as sa_asyncio
from psycopg import AsyncConnection, Connection
from sqlalchemy.ext.asyncio import AsyncSession, async_scoped_session
from sqlalchemy.orm import Session, scoped_session

from pooljobs import BoundTask, Cancellation, JobContext, JobHandle, JobHandles, Task
from tests.checkers import tasks
from tests.checkers.tasks import Invoice, Mail, Mailer


def one() -> None:
    assert_type(tasks.greet.enqueue("x"), JobHandle[str])
    tasks.greet.enqueue("x", 2)
    tasks.greet.enqueue(name="x", times=2)
    tasks.greet.options(queue="slow", delay=60).enqueue(name="x")
    tasks.thumbnail.enqueue("x.png", width=3)
    tasks.nothing.enqueue()
    tasks.send.enqueue(Mail("x"))
    tasks.send.enqueue(mail=Mail("x"))
    tasks.bill.enqueue(Invoice(number=1))
    tasks.order.enqueue({"item": "x"})
    tasks.sums.enqueue([1, 2])
    tasks.book.enqueue(1, 2, colour="red")
    tasks.context_first.enqueue("x")
    tasks.context_first.options(priority=1).enqueue(name="x")
    tasks.send_context_first.enqueue(mail=Mail("x"))
    tasks.anything.enqueue(payload=[1])
    tasks.any_fields.enqueue({"x": 1})
    tasks.app.enqueue("greet", {"name": "x"}, priority=1)


async def one_async() -> None:
    assert_type(await tasks.greet.enqueue_async("x"), JobHandle[str])
    await tasks.thumbnail.options(priority=1).enqueue_async(path="x", width=1)
    await tasks.context_first.enqueue_async(name="x")
    await tasks.app.enqueue_async("greet", {"name": "x"})


async def one_with(conn: Connection[Any], asynchronous: AsyncConnection[Any]) -> None:
    assert_type(tasks.greet.enqueue_with(conn, "x", times=2), JobHandle[str])
    assert_type(tasks.greet.enqueue_with(asynchronous, name="x"), Awaitable[JobHandle[str]])
    await tasks.context_first.options(delay=1).enqueue_with(asynchronous, "x")
    tasks.nothing.enqueue_with(conn)
    assert_type(tasks.app.enqueue_with(conn, "greet", {"name": "x"}), JobHandle)
    await tasks.app.enqueue_with(asynchronous, "greet", {"name": "x"})


def one_with_sqlalchemy(session: Session, scoped: scoped_session[Session], conn: sa.Connection) -> None:
    assert_type(tasks.greet.enqueue_with(session, "x"), JobHandle[str])
    assert_type(tasks.greet.enqueue_with(scoped, "x"), JobHandle[str])
    assert_type(tasks.greet.enqueue_with(conn, "x"), JobHandle[str])
    assert_type(tasks.app.schedule_with(session, "hourly", tasks.nothing, every=3600), bool)


async def one_with_asynchronous_sqlalchemy(
    async_session: AsyncSession,
    async_scoped: async_scoped_session[AsyncSession],
    async_conn: sa_asyncio.AsyncConnection,
) -> None:
    assert_type(await tasks.greet.enqueue_with(async_session, "x"), JobHandle[str])
    assert_type(await tasks.greet.enqueue_with(async_scoped, "x"), JobHandle[str])
    assert_type(await tasks.greet.enqueue_with(async_conn, "x"), JobHandle[str])
    assert_type(await tasks.app.cancel_with(async_session, "id"), Cancellation)
    assert_type(await tasks.app.schedule_with(async_session, "hourly", "nothing", cron="@hourly", tz="UTC"), bool)


def many(told: Callable[[int], None]) -> None:
    assert_type(tasks.greet.enqueue_many([{"name": "x"}]), JobHandles[str])
    tasks.greet.enqueue_many({"name": str(number), "times": number} for number in range(3))
    tasks.nothing.options(delay=1).enqueue_many([{}, {}], on_progress=told)
    tasks.send.enqueue_many([Mail("x")])
    tasks.send.enqueue_many(Mail(str(number)) for number in range(3))
    tasks.bill.enqueue_many((Invoice(number=1),))
    tasks.order.enqueue_many([{"item": "x"}])
    tasks.sums.enqueue_many([[1], [2, 3]])
    tasks.send_context_first.enqueue_many([Mail("x")])
    tasks.anything.enqueue_many([1, "x", None])
    tasks.app.enqueue_many("greet", [{"name": "x"}], queue="slow")


async def many_elsewhere(conn: Connection[Any], asynchronous: AsyncConnection[Any]) -> None:
    assert_type(await tasks.send.enqueue_many_async([Mail("x")]), JobHandles[None])
    assert_type(await tasks.greet.enqueue_many_async([{"name": "x"}]), JobHandles[str])
    assert_type(tasks.send.enqueue_many_with(conn, [Mail("x")]), JobHandles[None])
    assert_type(tasks.greet.enqueue_many_with(conn, [{"name": "x"}]), JobHandles[str])
    assert_type(await tasks.send.enqueue_many_with(asynchronous, [Mail("x")]), JobHandles[None])
    assert_type(tasks.greet.enqueue_many_with(asynchronous, [{"name": "x"}]), Awaitable[JobHandles[str]])
    await tasks.app.enqueue_many_async("greet", [{"name": "x"}])
    await tasks.app.enqueue_many_with(asynchronous, "greet", [{"name": "x"}])


async def called_as_the_handler(ctx: JobContext, mailer: Mailer) -> None:
    assert_type(tasks.greet("x", 2, ctx, mailer), str)
    assert_type(await tasks.thumbnail("x.png", ctx=ctx), int)
    assert_type(tasks.context_first(ctx, "x"), str)
    tasks.context_first(name="x", ctx=ctx)


def any_task(task: Task, mails: Task[[Mail], None]) -> None:
    task.enqueue(1, two=2)
    task.enqueue_many([1])
    mails.options(delay=1).enqueue(Mail("x"))
    any_task(tasks.greet, tasks.app.job(later))
    bound: BoundTask = tasks.greet.options(delay=1)
    bound.enqueue("x")


def later(mail: Mail) -> None: ...


async def results(handle: JobHandle[int], handles: JobHandles[str]) -> None:
    assert_type(tasks.greet.enqueue("x").result(timeout=1), str)
    assert_type(tasks.thumbnail.enqueue("x.png").result(), int)
    assert_type(await tasks.thumbnail.enqueue("x.png").result_async(timeout=1.5), int)
    assert_type(tasks.thumbnail.options(delay=1).enqueue("x.png").result(), int)
    assert_type(tasks.app.handle(handle), JobHandle[int])
    assert_type(tasks.app.handle("id", tasks.greet).result(), str)
    assert_type(tasks.app.handle("id", tasks.thumbnail).result(), int)
    assert_type(tasks.app.handle("id").status().state, str)
    for job, outcome in tasks.app.results(handles, timeout=1):
        assert_type(job.id, UUID)
        assert_type(outcome.get(), str)
    async for _, later_outcome in tasks.app.results_async([tasks.thumbnail.enqueue("x.png")]):
        assert_type(later_outcome.get(), int)
