"""Every kind of connection that a caller may pass, opened in a transaction of its own, with one way to speak to all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from inspect import isawaitable
from typing import Any

import asyncpg
import psycopg
import psycopg2
import sqlalchemy as sa
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy.ext.asyncio import AsyncSession, async_scoped_session, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, scoped_session, sessionmaker


async def settled(outcome: Any) -> Any:
    """The outcome, awaited if need be."""
    return await outcome if isawaitable(outcome) else outcome


class Given:
    """A connection to pass.

    Attributes:
        conn: What is passed.
    """

    def __init__(
        self, conn: Any, commit: Callable[[], Any], rollback: Callable[[], Any], run: Callable[..., Any]
    ) -> None:
        self.conn = conn
        self._commit, self._rollback, self._run = commit, rollback, run

    async def commit(self) -> None:
        await settled(self._commit())

    async def rollback(self) -> None:
        await settled(self._rollback())

    async def run(self, query: str) -> None:
        """Runs SQL of the caller's own, by the way that its library has for it."""
        await settled(self._run(query))


Opened = AbstractAsyncContextManager[Given]


def url(dsn: str, driver: str) -> sa.URL:
    """The DSN as SQLAlchemy wants it."""
    at = {name: value for name, value in conninfo_to_dict(dsn).items() if value is not None}
    return sa.URL.create(
        f"postgresql+{driver}",
        username=str(at.get("user", "")) or None,
        password=str(at.get("password", "")) or None,
        host=str(at["host"]),
        port=int(at["port"]),
        database=str(at["dbname"]),
    )


def asyncpg_arguments(dsn: str) -> dict[str, Any]:
    """The DSN as asyncpg wants it."""
    at = conninfo_to_dict(dsn)
    return {
        "host": at["host"],
        "port": int(str(at["port"])),
        "user": at.get("user"),
        "password": at.get("password"),
        "database": at["dbname"],
    }


def psycopg2_arguments(dsn: str) -> dict[str, Any]:
    """The DSN without what an older libpq does not know."""
    at = conninfo_to_dict(dsn)
    return {name: at[name] for name in ("host", "port", "user", "password", "dbname") if name in at}


@asynccontextmanager
async def of_psycopg(dsn: str, **options: Any) -> AsyncIterator[Given]:
    with psycopg.connect(dsn, **options) as conn:
        yield Given(conn, conn.commit, conn.rollback, lambda query: psycopg.Cursor(conn).execute(query.encode()))


@asynccontextmanager
async def of_async_psycopg(dsn: str, **options: Any) -> AsyncIterator[Given]:
    async with await psycopg.AsyncConnection.connect(dsn, **options) as conn:
        yield Given(conn, conn.commit, conn.rollback, lambda query: psycopg.AsyncCursor(conn).execute(query.encode()))


@asynccontextmanager
async def of_psycopg2(dsn: str, **options: Any) -> AsyncIterator[Given]:
    conn = psycopg2.connect(**psycopg2_arguments(dsn), **options)
    try:
        yield Given(conn, conn.commit, conn.rollback, lambda query: conn.cursor().execute(query))
    finally:
        conn.close()


@asynccontextmanager
async def of_asyncpg(dsn: str, **options: Any) -> AsyncIterator[Given]:
    conn = await asyncpg.connect(**asyncpg_arguments(dsn), **options)
    try:
        transaction = conn.transaction()
        await transaction.start()
        yield Given(conn, transaction.commit, transaction.rollback, conn.execute)
    finally:
        await conn.close()


@asynccontextmanager
async def of_asyncpg_pool(dsn: str, **options: Any) -> AsyncIterator[Given]:
    async with (
        asyncpg.create_pool(**asyncpg_arguments(dsn), min_size=1, max_size=1, **options) as pool,
        pool.acquire() as conn,
    ):
        transaction = conn.transaction()
        await transaction.start()
        yield Given(conn, transaction.commit, transaction.rollback, conn.execute)


def of_sqlalchemy(driver: str, kind: str) -> Callable[..., Opened]:
    """A ``Session``, a ``scoped_session`` or a ``Connection`` on this driver."""

    @asynccontextmanager
    async def opened(dsn: str, **options: Any) -> AsyncIterator[Given]:
        engine = sa.create_engine(url(dsn, driver), **options)
        makers: dict[str, Callable[[], Any]] = {
            "Session": lambda: Session(engine),
            "scoped_session": lambda: scoped_session(sessionmaker(engine)),
            "Connection": engine.connect,
        }
        conn = makers[kind]()
        try:
            yield Given(conn, conn.commit, conn.rollback, lambda query: conn.execute(sa.text(query)))
        finally:
            conn.close()
            engine.dispose()

    return opened


def of_async_sqlalchemy(driver: str, kind: str) -> Callable[..., Opened]:
    """The asynchronous ones."""

    @asynccontextmanager
    async def opened(dsn: str, **options: Any) -> AsyncIterator[Given]:
        engine = create_async_engine(url(dsn, driver), **options)
        makers: dict[str, Callable[[], Any]] = {
            "AsyncSession": lambda: AsyncSession(engine),
            "async_scoped_session": lambda: async_scoped_session(async_sessionmaker(engine), asyncio.current_task),
            "AsyncConnection": engine.connect,
        }
        conn = await settled(makers[kind]()) if kind == "AsyncConnection" else makers[kind]()
        try:
            yield Given(conn, conn.commit, conn.rollback, lambda query: conn.execute(sa.text(query)))
        finally:
            await conn.close()
            await engine.dispose()

    return opened


KINDS: dict[str, Callable[..., Opened]] = {
    "psycopg": of_psycopg,
    "async psycopg": of_async_psycopg,
    "psycopg2": of_psycopg2,
    "asyncpg": of_asyncpg,
    "asyncpg pool": of_asyncpg_pool,
    **{
        f"SQLAlchemy {kind} on {driver}": of_sqlalchemy(driver, kind)
        for kind in ("Session", "scoped_session", "Connection")
        for driver in ("psycopg", "psycopg2")
    },
    **{
        f"SQLAlchemy {kind} on {driver}": of_async_sqlalchemy(driver, kind)
        for kind in ("AsyncSession", "async_scoped_session", "AsyncConnection")
        for driver in ("psycopg", "asyncpg")
    },
}
