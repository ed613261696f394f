"""Whose connection it is: told by names, and of what is none the error says what it is and what to pass instead."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
import psycopg
import pytest
import sqlalchemy as sa
from psycopg_pool import AsyncConnectionPool, ConnectionPool
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, sessionmaker

from pooljobs import OptionError, PoolJobs
from pooljobs.db.callers.recognition import driver_of
from pooljobs.enqueue.caller_connection import CallerConnections
from pooljobs.job.new_job import NewJob

URL = "postgresql+psycopg://nobody@127.0.0.1:1/none"
ASYNC_URL = "postgresql+asyncpg://nobody@127.0.0.1:1/none"


class Proxy:
    """As instrumentations put around a connection: it says that it is of the other's class."""

    def __init__(self, inside: Any) -> None:
        object.__setattr__(self, "_inside", inside)

    @property  # type: ignore[misc]  # that is what they do
    def __class__(self) -> Any:
        return type(self._inside)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inside, name)


@contextmanager
def entered_by_nobody() -> Iterator[None]:
    yield


class TenantSession(Session):
    """A class of an application's."""


def test_subclasses_and_proxies_are_what_they_stand_for() -> None:
    with TenantSession(sa.create_engine(URL)) as session:
        for given in (session, Proxy(session)):
            assert type(driver_of(given, "m")).__name__ == "SqlAlchemySessionDriver"


@pytest.mark.parametrize(
    ("given", "told", "cure"),
    [
        (object(), "not builtins.object", "of a wrapper"),
        ("postgresql://here", "not builtins.str", "of a wrapper"),
        (None, "not builtins.NoneType", "of a wrapper"),
        (psycopg.Connection, "not the class psycopg.Connection", "make one"),
        (ConnectionPool("", open=False), "not psycopg_pool.pool.ConnectionPool", "with pool.connection() as conn"),
        (sa.create_engine(URL), "not sqlalchemy.engine.base.Engine", "with engine.begin() as conn"),
        (create_async_engine(ASYNC_URL), "not sqlalchemy.ext.asyncio.engine.AsyncEngine", "async with engine.begin()"),
        (sessionmaker(), "not sqlalchemy.orm.session.sessionmaker", "with Session.begin() as session"),
        (entered_by_nobody(), "not contextlib._GeneratorContextManager", "enter or await it"),
        (async_sessionmaker(), "async_sessionmaker", "async with Session.begin() as session"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.startswith("not ") else "",
)
def test_what_is_none_is_named_with_the_cure(given: Any, told: str, cure: str) -> None:
    with pytest.raises(OptionError) as caught:
        PoolJobs().cancel_with(given, "00000000-0000-0000-0000-000000000000")
    assert str(caught.value).startswith("cancel_with takes a connection of psycopg")
    assert told in str(caught.value)
    assert cure in str(caught.value.hint)


def test_a_session_that_does_not_know_which_database_is_meant_says_what_to_pass() -> None:
    from sqlalchemy.exc import UnboundExecutionError

    with Session() as session, pytest.raises(UnboundExecutionError) as caught:
        CallerConnections("x").insert_with(session, NewJob("a", b"{}"))
    assert "session.connection(bind_arguments=…)" in caught.value.__notes__[0]


@pytest.mark.asyncio
async def test_what_nobody_has_awaited_is_named_too() -> None:
    waiting = asyncpg.connect("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(OptionError, match=r"not builtins\.coroutine") as caught:
        driver_of(waiting, "enqueue_with")
    waiting.close()
    assert "await" in str(caught.value.hint)


@pytest.mark.asyncio
async def test_pools_that_need_a_loop_are_named_too() -> None:
    pools = [AsyncConnectionPool("", open=False), asyncpg.create_pool("postgresql://nobody@127.0.0.1:1/none")]
    for pool in pools:
        with pytest.raises(OptionError) as caught:
            driver_of(pool, "enqueue_with")
        assert "borrow a connection" in str(caught.value.hint)


def test_a_connection_to_another_database_is_refused() -> None:
    app = PoolJobs()

    @app.job
    def greet() -> None: ...

    with (
        sa.create_engine("sqlite://").connect() as conn,
        pytest.raises(OptionError, match="leads to sqlite"),
    ):
        greet.enqueue_with(conn)


def test_no_driver_is_imported_but_psycopg() -> None:
    code = (
        "import sys; from pooljobs.enqueue.caller_connection import CallerConnections; CallerConnections('x');"
        "print([name for name in ('sqlalchemy', 'asyncpg', 'psycopg2', 'django') if name in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"
