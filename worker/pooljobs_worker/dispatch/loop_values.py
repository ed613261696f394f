"""The state of one worker that lives in its event loop: made there at first use, and closed there before the loop ends.

Each value has a task of its own, from its making to its closing: an asynchronous context that was entered in one task
cannot always be left in another. Those tasks are no handler's: a time limit ends the waiting for a value, and not its
making; and a handler that cancels all tasks of the loop closes nothing.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from contextvars import Context, copy_context
from logging import Logger
from typing import Any

from pooljobs.handler.context import enter
from pooljobs.handler.generators import begin_async, end_async
from pooljobs.handler.provider import Provider
from pooljobs.handler.state import StateContainer

LAST_WAIT = 1.0
"""Seconds that a closing has that took too long, after it was cancelled."""


class _Kept:
    """One value, and the task that keeps it."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.task: asyncio.Task[None] | None = None
        self.made = asyncio.get_running_loop().create_future()
        self.ending = asyncio.Event()

    async def value(self) -> Any:
        value, error = self.made.result() if self.made.done() else await asyncio.shield(self.made)
        if error is not None:
            raise error
        return value


class LoopValues:
    """Made in the worker's main thread; everything else happens in the loop that the handlers run on."""

    def __init__(self, state: StateContainer, log: Logger) -> None:
        self._state = state
        self._log = log
        self._context: Context = copy_context()
        self._context.run(enter, None)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._kept: dict[object, _Kept] = {}
        self._order: list[_Kept] = []

    @property
    def any(self) -> bool:
        """Whether there is something to close."""
        return bool(self._kept)

    async def get(self, type_: object) -> Any:
        """The value of a type, made now if there is none. Raises what its provider raises; the next call tries anew."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:  # at first; or a handler has closed the one before
            self._loop, self._kept, self._order = loop, {}, []
        kept = self._kept.get(type_)
        if kept is None:
            kept = self._kept[type_] = _Kept(self._state.providers.of(type_))
            kept.task = loop.create_task(self._keep(kept), context=self._context.copy())
        return await kept.value()

    async def close(self, seconds: float) -> None:
        """Closes all values, last made first, within so many seconds. What fails or takes longer is told, and left."""
        deadline = time.monotonic() + seconds
        if asyncio.get_running_loop() is not self._loop:
            return
        for kept in [*(each for each in self._kept.values() if not each.made.done()), *reversed(self._order)]:
            kept.ending.set()
            assert kept.task is not None
            if not kept.made.done():
                kept.task.cancel()  # nobody waits for it any more
            _, late = await asyncio.wait([kept.task], timeout=max(deadline - time.monotonic(), 0))
            if late:
                self._log.warning("%s: closing it takes more than %g s, and is given up", kept.provider.name, seconds)
                kept.task.cancel()
                await asyncio.wait(late, timeout=LAST_WAIT)
        self._kept, self._order = {}, []

    async def _keep(self, kept: _Kept) -> None:
        """What it raises leaves as a value: ``SystemExit`` would stop the loop."""
        provider = kept.provider
        try:
            generator = provider.open(**await self._needs(provider))
            value = await begin_async(generator, provider.name)
        except BaseException as error:  # noqa: BLE001  # the run that asked for it raises it
            del self._kept[provider.type_]
            kept.made.set_result((None, error))
            return
        self._order.append(kept)
        kept.made.set_result((value, None))
        while not kept.ending.is_set():
            with suppress(asyncio.CancelledError):  # a handler's doing
                await kept.ending.wait()
        try:
            await end_async(generator, provider.name)
        except BaseException:  # noqa: BLE001  # the worker is leaving, and its jobs have ended
            self._log.warning("%s failed as it was closed", provider.name, exc_info=True)

    async def _needs(self, provider: Provider) -> dict[str, Any]:
        given: dict[str, Any] = {}
        for name, type_ in provider.needs.states:
            plain = self._state.is_plain(self._state.providers.of(type_))
            given[name] = self._state.get(type_) if plain else await self.get(type_)
        return given
