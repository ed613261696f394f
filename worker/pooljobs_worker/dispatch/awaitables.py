"""Says what of a handler's result has still to run before the job is completed. Asked by the dispatcher."""

from __future__ import annotations

from collections.abc import Awaitable
from inspect import isasyncgen, isawaitable, iscoroutine, isgenerator
from typing import TypeGuard


def is_awaitable(result: object) -> TypeGuard[Awaitable[object]]:
    """Whether the rest of the handler runs when its result is awaited: an ``async def`` behind a decorator, one that
    was compiled (its coroutines are no ``types.CoroutineType``), a future, what ``gather`` gives.

    Raises:
        TypeError: It is a generator: nothing of its body has run, and nobody would run it.
    """
    if iscoroutine(result) or isawaitable(result):
        return True
    if isgenerator(result) or isasyncgen(result):
        raise TypeError("a generator was returned, whose body has not run: return instead of yield")
    return False
