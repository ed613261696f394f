"""What an ASGI framework is given, so that connections are closed when it ends."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Lifespan(ABC):
    """The lifespan of Starlette's and FastAPI's applications; part of ``PoolJobs``."""

    @abstractmethod
    def close(self) -> None:
        """Close what this process has opened."""

    @asynccontextmanager
    async def lifespan(self, _app: object = None, /) -> AsyncIterator[None]:
        """Pass it as it is: ``FastAPI(lifespan=jobs.lifespan)``. It opens nothing, and closes at the end.

        Inside a lifespan of your own: ``async with jobs.lifespan():``.
        """
        import asyncio  # is running already, where this is used

        try:
            yield
        finally:
            await asyncio.to_thread(self.close)
