"""Connections of psycopg 3, sync and async.

The cursors are psycopg's plainest: the connection's own cursor class, row factory and prepared statements are set for
other statements than these.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from typing import Any, Final

from psycopg import AsyncConnection, AsyncRawCursor, BaseConnection, Connection, RawCursor
from psycopg.pq import PipelineStatus, TransactionStatus
from psycopg.rows import tuple_row

from pooljobs.db.callers.caller_statement import CallerStatement
from pooljobs.db.callers.steps import AsyncDriver, CopyIn, Query, Row, SyncDriver

_UTF8: Final = "utf-8"
_BEGIN: Final = Query(CallerStatement(b"SELECT", {}))
"""Does nothing, but for what psycopg sends in front of it."""


class PsycopgDriver(SyncDriver):
    """A ``Connection``."""

    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection
        self.copies = _copies(connection)

    def execute(self, step: Query | CopyIn) -> Row | None:
        """As ``SyncDriver.execute``."""
        cursor = RawCursor(self._connection, row_factory=tuple_row)
        if isinstance(step, CopyIn):
            with cursor.copy(step.query) as copy:
                for piece in step.pieces:
                    copy.write(piece)
            return None
        return cursor.execute(step.statement.dollars, step.values).fetchone()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A savepoint in the caller's transaction, or a transaction where each statement is committed by itself."""
        if _begins(self._connection):
            self.execute(_BEGIN)
        with _whole(self._connection):
            yield


class AsyncPsycopgDriver(AsyncDriver):
    """An ``AsyncConnection``."""

    def __init__(self, connection: AsyncConnection[Any]) -> None:
        self._connection = connection
        self.copies = _copies(connection)

    async def execute(self, step: Query | CopyIn) -> Row | None:
        """As ``AsyncDriver.execute``."""
        cursor = AsyncRawCursor(self._connection, row_factory=tuple_row)
        if isinstance(step, CopyIn):
            async with cursor.copy(step.query) as copy:
                for piece in step.pieces:
                    await copy.write(piece)
            return None
        await cursor.execute(step.statement.dollars, step.values)
        return await cursor.fetchone()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """As ``PsycopgDriver.transaction``."""
        if _begins(self._connection):
            await self.execute(_BEGIN)
        async with _whole(self._connection):
            yield


def _copies(connection: BaseConnection[Any]) -> bool:
    """COPY takes our texts as the connection's encoding says, and does not go into a pipeline."""
    pgconn = connection.pgconn
    return connection.info.encoding == _UTF8 and pgconn.pipeline_status == PipelineStatus.OFF


def _whole(connection: Any) -> Any:
    """Not in an aborted transaction: psycopg 3.2 then takes the savepoint for made, and forbids the rollback."""
    aborted = connection.info.transaction_status == TransactionStatus.INERROR
    return nullcontext() if aborted else connection.transaction()


def _begins(connection: BaseConnection[Any]) -> bool:
    """Whether the next statement begins the caller's transaction. ``connection.transaction()`` would end it, too."""
    return not connection.autocommit and connection.info.transaction_status == TransactionStatus.IDLE
