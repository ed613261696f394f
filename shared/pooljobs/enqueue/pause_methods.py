"""The methods of an application that pause and resume queues and job types."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pooljobs.enqueue.lazy_producer import LazyProducer
from pooljobs.job.pause import PauseNote, PauseTarget

if TYPE_CHECKING:
    from psycopg import Connection

    Asking = Callable[[Connection[Any], str], bool]
    """Asks on a connection, in a schema."""


class PauseMethods:
    """The methods by which work is paused; part of ``PoolJobs``.

    Within about a second of a pause no job of it begins any more, on any host. What runs goes on, what was claimed and
    has not begun goes back at no cost, and enqueues work as ever. It lasts, over restarts and deployments, until it is
    resumed.

    All are committed when they return. They raise OptionError for what can be no name, and for the database's sake what
    enqueueing raises (``EnqueueMethods``); DatabaseRefusedError for a user who may not.
    """

    _outlet: LazyProducer

    def pause_queue(self, queue: str, *, reason: str | None = None, by: str | None = None) -> bool:
        """Pause a queue; False if it was paused before, with whatever reason: that stays.

        Args:
            queue: Its name. Whether anybody serves it or anything waits there is not asked.
            reason: Why, in a line that is shown to whoever looks. Default: none.
            by: Who does it, where the database's user, who is recorded anyway, does not tell. Default: nobody.
        """
        return self._do(_pausing(PauseTarget("queue", queue), PauseNote(reason, by)))

    def resume_queue(self, queue: str) -> bool:
        """Resume a queue; False if it was not paused."""
        return self._do(_resuming(PauseTarget("queue", queue)))

    def pause_type(self, job_type: str, *, reason: str | None = None, by: str | None = None) -> bool:
        """Pause a job type, in whatever queue its jobs are; as ``pause_queue``."""
        return self._do(_pausing(PauseTarget("type", job_type), PauseNote(reason, by)))

    def resume_type(self, job_type: str) -> bool:
        """Resume a job type; False if it was not paused."""
        return self._do(_resuming(PauseTarget("type", job_type)))

    async def pause_queue_async(self, queue: str, *, reason: str | None = None, by: str | None = None) -> bool:
        """As ``pause_queue``, without blocking the event loop: the database is spoken to in a thread."""
        return await self._do_async(_pausing(PauseTarget("queue", queue), PauseNote(reason, by)))

    async def resume_queue_async(self, queue: str) -> bool:
        """As ``resume_queue``, without blocking the event loop."""
        return await self._do_async(_resuming(PauseTarget("queue", queue)))

    async def pause_type_async(self, job_type: str, *, reason: str | None = None, by: str | None = None) -> bool:
        """As ``pause_type``, without blocking the event loop."""
        return await self._do_async(_pausing(PauseTarget("type", job_type), PauseNote(reason, by)))

    async def resume_type_async(self, job_type: str) -> bool:
        """As ``resume_type``, without blocking the event loop."""
        return await self._do_async(_resuming(PauseTarget("type", job_type)))

    def _do(self, asking: Asking) -> bool:
        from pooljobs.db.store.retrying import tried

        outlet = self._outlet
        return tried(
            lambda until: outlet.producer().run_once(lambda connection: asking(connection, outlet.schema), until),
            outlet.wait,
        )

    async def _do_async(self, asking: Asking) -> bool:
        import asyncio

        from pooljobs.db.store.retrying import tried_async

        outlet = self._outlet
        return await tried_async(
            lambda until: asyncio.to_thread(
                lambda: outlet.producer().run_once(lambda connection: asking(connection, outlet.schema), until)
            ),
            outlet.wait,
        )


def _pausing(target: PauseTarget, note: PauseNote) -> Asking:
    def asking(connection: Connection[Any], schema: str) -> bool:
        from pooljobs.db.store.pausing import pause_with

        return pause_with(connection, schema, target, note)

    return asking


def _resuming(target: PauseTarget) -> Asking:
    def asking(connection: Connection[Any], schema: str) -> bool:
        from pooljobs.db.store.pausing import resume_with

        return resume_with(connection, schema, target)

    return asking
