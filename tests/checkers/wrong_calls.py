# mypy: warn-unreachable=False
"""Calls that both type checkers must refuse: each marked line, and no other; ``test_calls.py`` has them look."""

from __future__ import annotations

from typing import Any

from psycopg import AsyncConnection, Connection

from pooljobs import JobContext
from tests.checkers import tasks
from tests.checkers.tasks import Invoice, Mail


def one(unknown: object) -> None:
    tasks.greet.enqueue(nmae="x")  # refused: no parameter of that name
    tasks.greet.enqueue()  # refused: name is missing
    tasks.greet.enqueue(1)  # refused: name is a str
    tasks.greet.enqueue("x", "y")  # refused: times is an int
    tasks.greet.enqueue("x", name="x")  # refused: name is given twice
    tasks.greet.enqueue("x", 1, 2)  # refused: the third is the context
    tasks.greet.enqueue(None)  # refused: name is not optional
    tasks.greet.enqueue({"name": "x"})  # refused: keyword arguments are not a dict
    tasks.greet.enqueue(name="x", delay=60)  # refused: an option is no argument
    tasks.greet.options(queue="slow").enqueue(nmae="x")  # refused: as without options
    tasks.greet.options(queue="slow").enqueue()  # refused: as without options
    tasks.greet.options(quue="slow")  # refused: no option of that name
    tasks.greet.options(priority="high")  # refused: a priority is an int
    tasks.thumbnail.enqueue("x.png", 3)  # refused: width is taken by its name alone
    tasks.nothing.enqueue(1)  # refused: it takes nothing
    tasks.send.enqueue("x")  # refused: it takes a Mail
    tasks.send.enqueue(to="x")  # refused: it takes a Mail, not its fields
    tasks.send.enqueue(Invoice(number=1))  # refused: another model
    tasks.bill.enqueue(number=1)  # refused: it takes an Invoice, not its fields
    tasks.order.enqueue({"itme": "x"})  # refused: no key of that name
    tasks.sums.enqueue(["x"])  # refused: a list of int
    tasks.book.enqueue(1, 2, colour=3)  # refused: labels are str
    tasks.context_first.enqueue()  # refused: name is missing
    tasks.context_first.enqueue(nmae="x")  # refused: no parameter of that name
    tasks.context_first.enqueue(1)  # refused: name is a str
    tasks.send_context_first.options(delay=1).enqueue("x")  # refused: it takes a Mail
    tasks.app.enqueue("greet", {"name": "x"}, quue="slow")  # refused: no option of that name
    tasks.app.enqueue("greet", {"name": "x"}, priority="high")  # refused: a priority is an int
    tasks.app.enqueue(tasks.greet, {"name": "x"})  # refused: an application takes a name
    tasks.greet.enqueue("x").nothing  # noqa: B018  # refused: a handle has no such attribute


async def one_async() -> None:
    await tasks.greet.enqueue_async(nmae="x")  # refused: no parameter of that name
    await tasks.greet.enqueue_async()  # refused: name is missing
    await tasks.greet.options(delay=1).enqueue_async(1)  # refused: name is a str
    await tasks.thumbnail.enqueue_async()  # refused: path is missing


async def one_with(conn: Connection[Any], asynchronous: AsyncConnection[Any]) -> None:
    tasks.greet.enqueue_with(conn, nmae="x")  # refused: no parameter of that name
    tasks.greet.enqueue_with(conn)  # refused: name is missing
    tasks.greet.enqueue_with(conn, 1)  # refused: name is a str
    tasks.greet.enqueue_with(name="x")  # refused: the connection is missing
    tasks.greet.enqueue_with("x", name="x")  # refused: no connection
    await tasks.greet.enqueue_with(conn, name="x")  # refused: a handle is not awaited
    tasks.greet.enqueue_with(asynchronous, name="x").id  # noqa: B018  # refused: this one is to be awaited
    await tasks.greet.options(delay=1).enqueue_with(asynchronous, nmae="x")  # refused: no parameter of that name
    tasks.app.enqueue_with("greet", {"name": "x"})  # refused: the connection is missing


def many() -> None:
    tasks.send.enqueue_many([Invoice(number=1)])  # refused: another model
    tasks.send.enqueue_many(["x"])  # refused: each is a Mail
    tasks.send.enqueue_many(Mail("x"))  # refused: not an iterable
    tasks.send.options(delay=1).enqueue_many([1])  # refused: each is a Mail
    tasks.send_context_first.enqueue_many([Invoice(number=1)])  # refused: another model
    tasks.bill.enqueue_many([Mail("x")])  # refused: another model
    tasks.sums.enqueue_many([["x"]])  # refused: a list of int
    tasks.greet.enqueue_many([1])  # refused: each is a dict
    tasks.greet.enqueue_many([Mail("x")])  # refused: each is a dict
    tasks.greet.enqueue_many({"name": "x"})  # refused by pyright alone: a dict is one payload
    tasks.greet.enqueue_many(["x"])  # refused by pyright alone: each is a dict
    tasks.book.enqueue_many(["x"])  # refused: each is a dict
    tasks.book.enqueue_many({"account": 1})  # refused: a dict is one payload
    tasks.greet.enqueue_many()  # refused: the items are missing
    tasks.greet.enqueue_many([{"name": "x"}], on_progres=print)  # refused: no parameter of that name


async def many_elsewhere(conn: Connection[Any], asynchronous: AsyncConnection[Any]) -> None:
    await tasks.send.enqueue_many_async([Invoice(number=1)])  # refused: another model
    await tasks.book.enqueue_many_async(["x"])  # refused: each is a dict
    tasks.send.enqueue_many_with(conn, [Invoice(number=1)])  # refused: another model
    tasks.send.enqueue_many_with([Mail("x")])  # refused: the connection is missing
    await tasks.send.enqueue_many_with(conn, [Mail("x")])  # refused: handles are not awaited
    await tasks.book.enqueue_many_with(asynchronous, ["x"])  # refused: each is a dict


def called_as_the_handler(ctx: JobContext) -> None:
    tasks.greet(nmae="x")  # refused: no parameter of that name
    tasks.greet()  # refused: name is missing
    tasks.greet("x", 1, 2)  # refused: the third is the context


def results() -> None:
    tasks.greet.enqueue("x").result().bit_length()  # refused: it is a str
    tasks.greet.enqueue("x").result(5)  # refused: the timeout is named
    tasks.app.results(tasks.greet.enqueue("x"))  # refused: one handle is not several
