"""A run in a worker is to Django's connections what a request is in a web server.

Those that are too old, or broken, are closed before it and after it, in the thread that uses them: a connection that
the server has ended fails one run, and the next has a new one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from asgiref.sync import sync_to_async
from django.db import connections, reset_queries

from pooljobs.application.app import PoolJobs


def care_for_connections(app: PoolJobs) -> None:
    """Have it done around each run of this application's jobs."""
    app.around(_around_plain, awaited=_around_async)


def _around_plain() -> Iterator[None]:
    _close_old()
    try:
        yield
    finally:
        _after()


async def _around_async() -> AsyncIterator[None]:
    """In the thread to which async handlers go for the database."""
    await sync_to_async(_close_old)()
    try:
        yield
    finally:
        await sync_to_async(_after)()


def _close_old() -> None:
    """As Django does it between requests. In a test's transaction it would end that."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()


def _after() -> None:
    _close_old()
    reset_queries()  # with DEBUG Django keeps each statement until then
