"""Puts an application's ``@app.around`` hooks around a handler, once for each job type.

A hook is a generator with one ``yield``. Plain ones surround any handler: of an async one they are entered before it is
awaited, and left when nothing of it is left to run. Async ones surround async handlers.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from inspect import isasyncgenfunction
from typing import Any, Final, cast

from pooljobs.handler.context import JobContext
from pooljobs.hooks import Around, takes_job
from pooljobs_worker.dispatch.awaitables import is_awaitable

CONTEXT: Final = "the job's context"
"""Keyword under which a surrounded handler is given the ``JobContext``: no parameter can have that name."""


def surrounded(function: Callable[..., Any], hooks: Sequence[Around], *, is_async: bool) -> Callable[..., Any]:
    """The handler with all hooks around it, the first one outermost. It takes one more keyword, ``CONTEXT``."""
    if is_async:
        return _around_async(function, [_async_entry(hook) for hook in hooks])
    return _around_plain(function, [_entry(hook) for hook in hooks])


def _around_plain(
    function: Callable[..., Any], entries: Sequence[Callable[[ExitStack, JobContext], object]]
) -> Callable[..., Any]:
    def run(*args: Any, **kwargs: Any) -> Any:
        context, rest = kwargs.pop(CONTEXT), None
        with ExitStack() as stack:
            for enter in entries:
                enter(stack, context)
            result = function(*args, **kwargs)
            if result is not None and is_awaitable(result):  # a decorator hid the async def: the rest is to come
                rest = _rest(stack.pop_all(), result)
        return rest

    return run


async def _rest(stack: ExitStack, result: Awaitable[Any]) -> None:
    with stack:
        await _all_of(result)


def _around_async(
    function: Callable[..., Any], entries: Sequence[Callable[[AsyncExitStack, JobContext], Awaitable[object]]]
) -> Callable[..., Any]:
    async def run(*args: Any, **kwargs: Any) -> None:
        context = kwargs.pop(CONTEXT)
        async with AsyncExitStack() as stack:
            for enter in entries:
                await enter(stack, context)
            await _all_of(function(*args, **kwargs))

    return run


async def _all_of(result: object) -> None:
    """Awaits what a handler returned, and what comes of that."""
    while result is not None and is_awaitable(result):
        result = await result


def _entry(hook: Around) -> Callable[[ExitStack, JobContext], object]:
    manager = contextmanager(cast("Callable[..., Iterator[Any]]", hook))
    if takes_job(hook):
        return lambda stack, context: stack.enter_context(manager(context))
    return lambda stack, _context: stack.enter_context(manager())


def _async_entry(hook: Around) -> Callable[[AsyncExitStack, JobContext], Awaitable[object]]:
    if not isasyncgenfunction(hook):
        enter = _entry(hook)

        async def enter_plain(stack: AsyncExitStack, context: JobContext) -> None:
            with ExitStack() as entered:
                enter(entered, context)
                stack.push(entered.pop_all())

        return enter_plain
    manager = asynccontextmanager(cast("Callable[..., AsyncIterator[Any]]", hook))
    if takes_job(hook):
        return lambda stack, context: stack.enter_async_context(manager(context))
    return lambda stack, _context: stack.enter_async_context(manager())
