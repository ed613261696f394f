"""What a type checker takes for a caller's connection, without any driver: whether its transactions are awaited.

At run time ``recognition.py`` decides, and refuses what only looks like one.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Protocol, TypeAlias


class SyncCaller(Protocol):
    """Of psycopg and psycopg2, and the sessions and connections of SQLAlchemy."""

    def commit(self) -> None:
        """Commits."""

    def rollback(self) -> None:
        """Rolls back."""


class AwaitedCaller(Protocol):
    """Of asynchronous psycopg, and the asynchronous sessions and connections of SQLAlchemy."""

    def commit(self) -> Awaitable[None]:
        """Commits."""

    def rollback(self) -> Awaitable[None]:
        """Rolls back."""


class AsyncpgCaller(Protocol):
    """Of asyncpg, whose transactions are objects of their own."""

    def is_in_transaction(self) -> bool:
        """Whether one is open."""

    def fetchrow(self, query: str, *args: Any) -> Awaitable[Any]:
        """Runs a statement."""


AsyncCaller: TypeAlias = AwaitedCaller | AsyncpgCaller
