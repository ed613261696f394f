"""Layers around the call of a plain handler: what is entered before it, and left when nothing of it is left to run.

Time limits and cancellations reach the handler alone: where the interrupter finds a frame of this file before that of
``call_handler``, it leaves the run in peace, so that what was opened is closed.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterator, Mapping
from logging import Logger
from typing import Any, cast

from pooljobs.handler.generators import ENDED, begin, end, no_yield, second_yield, throw
from pooljobs.handler.provider import Provider
from pooljobs_worker.dispatch.awaitables import is_awaitable
from pooljobs_worker.dispatch.run_layer import Call, Filled, Kwargs, Values, needs_of
from pooljobs_worker.runtime.fork_guard import ForkGuard


def call_handler(function: Callable[..., object], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> object:
    """Calls a handler that is surrounded. What it runs may be interrupted."""
    return function(*args, **kwargs)


def handler_call(
    function: Callable[..., object], filled: Filled, guarded: Callable[[Awaitable[object]], object], origin: ForkGuard
) -> Call:
    """The innermost: the handler. ``guarded`` makes what may be interrupted of what a decorator has hidden."""

    def call(args: tuple[Any, ...], kwargs: Kwargs, _context: Any, values: Values) -> object:
        for name, type_ in filled:
            kwargs[name] = values[type_]
        try:
            result = call_handler(function, args, kwargs)
            return guarded(result) if result is not None and is_awaitable(result) else None
        finally:
            if not origin[0]:
                os._exit(0)  # the handler forked, and its child came back out of it: nothing of this is its own

    return call


def hook_layer(inner: Call, hook: Callable[..., Iterator[Any]], name: str, *, takes_job: bool) -> Call:
    """An ``@app.around`` hook: what it raises, or keeps to itself, counts as the handler's."""

    def call(args: tuple[Any, ...], kwargs: Kwargs, context: Any, values: Values) -> object:
        generator = hook(context) if takes_job else hook()
        if next(generator, ENDED) is ENDED:
            raise no_yield(name)
        try:
            result = inner(args, kwargs, context, values)
        except BaseException as error:
            if throw(generator, error):
                return None
            raise
        if result is not None:
            return _hook_rest(generator, name, result)
        if next(generator, ENDED) is not ENDED:
            raise second_yield(generator, name)
        return None

    return call


def resource_layer(inner: Call, provider: Provider, log: Logger) -> Call:
    """What is opened for a run. It is told what the handler raised, and cannot change it."""
    type_, name, open_ = provider.type_, provider.name, cast("Callable[..., Iterator[Any]]", provider.open)

    def call(args: tuple[Any, ...], kwargs: Kwargs, context: Any, values: Values) -> object:
        generator = open_(**needs_of(provider, context, values))
        values[type_] = begin(generator, name)
        try:
            result = inner(args, kwargs, context, values)
        except BaseException as error:
            _close_failed(generator, error, name, log)
            raise
        if result is not None:
            return _resource_rest(generator, name, result, log)
        end(generator, name)
        return None

    return call


async def _hook_rest(generator: Iterator[Any], name: str, result: Any) -> None:
    try:
        await result
    except BaseException as error:
        if not throw(generator, error):
            raise
    else:
        end(generator, name)


async def _resource_rest(generator: Iterator[Any], name: str, result: Any, log: Logger) -> None:
    try:
        await result
    except BaseException as error:
        _close_failed(generator, error, name, log)
        raise
    end(generator, name)


def _close_failed(generator: Iterator[Any], error: BaseException, name: str, log: Logger) -> None:
    try:
        throw(generator, error)
    except BaseException:  # the run has failed already, by what the handler raised
        log.warning(CLOSING_FAILED, name, exc_info=True)


CLOSING_FAILED = "%s failed as it was closed after a run that had failed"
