"""Layers around the call of an async handler, and where what is around it is to be awaited: as ``plain_layers.py``."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from logging import Logger
from typing import Any

from pooljobs.handler.generators import OneYield, begin_async, end_async, throw_async
from pooljobs.handler.provider import Provider
from pooljobs_worker.dispatch.awaitables import is_awaitable
from pooljobs_worker.dispatch.plain_layers import CLOSING_FAILED
from pooljobs_worker.dispatch.run_layer import AsyncCall, Filled, Kwargs, Values, needs_of
from pooljobs_worker.runtime.fork_guard import ForkGuard


def handler_call(
    function: Callable[..., object],
    filled: Filled,
    guarded: Callable[[Awaitable[object]], Awaitable[None]],
    origin: ForkGuard,
) -> AsyncCall:
    """The innermost: the handler, which may be interrupted while it is awaited."""

    async def call(args: tuple[Any, ...], kwargs: Kwargs, _context: Any, values: Values) -> None:
        for name, type_ in filled:
            kwargs[name] = values[type_]
        try:
            result = function(*args, **kwargs)
            if result is not None and is_awaitable(result):
                await guarded(result)
        finally:
            if not origin[0]:
                os._exit(0)  # as of a plain one

    return call


def hook_layer(inner: AsyncCall, hook: Callable[..., OneYield], name: str, *, takes_job: bool) -> AsyncCall:
    """An ``@app.around`` hook of either kind."""

    async def call(args: tuple[Any, ...], kwargs: Kwargs, context: Any, values: Values) -> None:
        generator = hook(context) if takes_job else hook()
        await begin_async(generator, name)
        try:
            await inner(args, kwargs, context, values)
        except BaseException as error:
            if not await throw_async(generator, error):
                raise
        else:
            await end_async(generator, name)

    return call


def resource_layer(inner: AsyncCall, provider: Provider, log: Logger) -> AsyncCall:
    """What is opened for a run, by a provider of either kind."""

    async def call(args: tuple[Any, ...], kwargs: Kwargs, context: Any, values: Values) -> None:
        generator = provider.open(**needs_of(provider, context, values))
        values[provider.type_] = await begin_async(generator, provider.name)
        try:
            await inner(args, kwargs, context, values)
        except BaseException as error:
            await _close_failed(generator, error, provider.name, log)
            raise
        await end_async(generator, provider.name)

    return call


async def _close_failed(generator: OneYield, error: BaseException, name: str, log: Logger) -> None:
    try:
        await throw_async(generator, error)
    except BaseException:  # the run has failed already, by what the handler raised
        log.warning(CLOSING_FAILED, name, exc_info=True)
