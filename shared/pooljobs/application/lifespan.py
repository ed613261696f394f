"""How an application that enqueues lets go of what it has opened: by itself, by ``with``, by an ASGI framework."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self

from pooljobs.enqueue.lazy_producer import LazyProducer
from pooljobs.handler.state import StateContainer


class Lifespan:
    """The end of an application; part of ``PoolJobs``."""

    state: StateContainer
    _outlet: LazyProducer

    def close(self) -> None:
        """Close what this process has opened: the state that handlers used, then the connections."""
        try:
            self.state.close()
        finally:
            self._outlet.close()

    async def aclose(self) -> None:
        """As ``close``, without holding up the event loop."""
        import asyncio

        await asyncio.to_thread(self.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self.close()

    @asynccontextmanager
    async def lifespan(self, _app: object = None, /) -> AsyncIterator[None]:
        """Pass it as it is: ``FastAPI(lifespan=jobs.lifespan)``. It opens nothing, and closes at the end.

        Inside a lifespan of your own: ``async with jobs.lifespan():``.
        """
        try:
            yield
        finally:
            await self.aclose()
