"""Sessions and connections of SQLAlchemy 2, on any driver for PostgreSQL.

Statements go through SQLAlchemy's own ``execute``. Some of its drivers begin a transaction with the first statement
that comes that way, and know nothing of what came to the driver's connection beside it: that is committed at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib import import_module
from typing import Any, Final

from pooljobs.db.callers.steps import AsyncDriver, CopyIn, Query, Row, SyncDriver
from pooljobs.errors import OptionError

_OPTIONS: Final = {"stream_results": False, "yield_per": None}
"""Whatever the caller's engine says: PostgreSQL has no cursor over an INSERT."""

_WHICH: Final = "of a session with several binds pass the right connection: session.connection(bind_arguments=…)"


class SqlAlchemyDriver(SyncDriver):
    """A ``Connection``."""

    def __init__(self, given: Any) -> None:
        self._given = given

    def execute(self, step: Query | CopyIn) -> Row | None:
        """As ``SyncDriver.execute``."""
        connection = self._connection()
        row: Row | None = connection.execute(*_arguments(connection, step), execution_options=_OPTIONS).first()
        return row

    def _connection(self) -> Any:
        return self._given


class SqlAlchemySessionDriver(SqlAlchemyDriver):
    """A ``Session`` or a ``scoped_session``."""

    def _connection(self) -> Any:
        with _explained():
            return self._given.connection()


class AsyncSqlAlchemyDriver(AsyncDriver):
    """An ``AsyncConnection``."""

    def __init__(self, given: Any) -> None:
        self._given = given

    async def execute(self, step: Query | CopyIn) -> Row | None:
        """As ``AsyncDriver.execute``."""
        connection = await self._connection()
        found = await connection.execute(*_arguments(connection, step), execution_options=_OPTIONS)
        row: Row | None = found.first()
        return row

    async def _connection(self) -> Any:
        return self._given


class AsyncSqlAlchemySessionDriver(AsyncSqlAlchemyDriver):
    """An ``AsyncSession`` or an ``async_scoped_session``."""

    async def _connection(self) -> Any:
        with _explained():
            return await self._given.connection()


@contextmanager
def _explained() -> Iterator[None]:
    """Around a session's search for its connection: one with several databases does not know which is meant."""
    try:
        yield
    except Exception as error:
        if type(error).__name__ == "UnboundExecutionError":
            error.add_note(f"hint: {_WHICH}")
        raise


def _arguments(connection: Any, step: Query | CopyIn) -> tuple[Any, dict[str, str | None]]:
    assert isinstance(step, Query)
    if connection.dialect.name != "postgresql":
        raise OptionError(
            f"jobs are stored in PostgreSQL, and this SQLAlchemy connection leads to {connection.dialect.name}",
            hint=_WHICH,
        )
    return _text(step.statement.colons), step.statement.named(step.values)


@lru_cache(maxsize=64)
def _text(statement: str) -> Any:
    """One object for each text, so that SQLAlchemy compiles it once."""
    return import_module("sqlalchemy").text(statement)
