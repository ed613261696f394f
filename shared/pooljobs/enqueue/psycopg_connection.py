"""Stores jobs on a connection of the caller's. All of ``enqueue_with`` and ``enqueue_many_with`` goes through here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pooljobs.enqueue.lazy_producer import LazyProducer
from pooljobs.errors import OptionError
from pooljobs.job.new_job import NewJob

if TYPE_CHECKING:
    from typing import TypeAlias

    from psycopg import AsyncConnection, Connection

    SyncCaller: TypeAlias = Connection[Any]
    AsyncCaller: TypeAlias = AsyncConnection[Any]


def insert_with(outlet: LazyProducer, conn: SyncCaller | AsyncCaller, job: NewJob) -> UUID | Awaitable[UUID]:
    """Stores one job in the connection's transaction; to be awaited on an asynchronous one.

    Raises:
        OptionError: ``conn`` is not a psycopg connection.
    """
    from psycopg import AsyncConnection

    producer = outlet.for_caller()
    if isinstance(conn, AsyncConnection):
        return producer.insert_with_async(conn, job)
    return producer.insert_with(_checked(conn), job)


def insert_many_with(
    outlet: LazyProducer,
    conn: SyncCaller | AsyncCaller,
    job: NewJob,
    payloads: Iterable[bytes],
    on_progress: Callable[[int], None] | None,
) -> Sequence[UUID] | Awaitable[Sequence[UUID]]:
    """The same of many jobs, alike but for their payloads."""
    from psycopg import AsyncConnection

    from pooljobs.db.store.load_for_caller import load_with, load_with_async

    if isinstance(conn, AsyncConnection):
        return load_with_async(conn, outlet.schema, job, payloads, on_progress)
    return load_with(_checked(conn), outlet.schema, job, payloads, on_progress)


def _checked(conn: Any) -> SyncCaller:
    from psycopg import Connection

    if isinstance(conn, Connection):
        return conn
    kind = type(conn)
    raise OptionError(
        f"enqueue_with takes a psycopg Connection or AsyncConnection, not {kind.__module__}.{kind.__qualname__}",
        hint="of a wrapper, pass the connection inside it, for example connection.driver_connection",
    )
