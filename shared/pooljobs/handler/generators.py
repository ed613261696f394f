"""Drives generators with one ``yield``: hooks around runs, and what provides state. Plain ones and asynchronous ones.

As ``contextlib`` does it, which is used for what is raised, but told in words of those who write them; ``of`` names
one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, cast

from pooljobs.errors import DeclarationError

ENDED: Final = object()
"""What ``next`` gives where a generator has ended."""

OneYield = Iterator[Any] | AsyncIterator[Any]


def begin(generator: Iterator[Any], of: str) -> Any:
    """Runs it to its yield; what it yields.

    Raises:
        DeclarationError: It has none.
    """
    value = next(generator, ENDED)
    if value is ENDED:
        raise no_yield(of)
    return value


def end(generator: Iterator[Any], of: str) -> None:
    """Runs it from its yield to its end.

    Raises:
        DeclarationError: It yields once more.
    """
    if next(generator, ENDED) is not ENDED:
        raise second_yield(generator, of)


def throw(generator: Iterator[Any], error: BaseException) -> bool:
    """Raises an error at its yield. Whether it was caught there, and nothing raised; what else it raises is raised."""
    exit_ = contextmanager(lambda: generator)().__exit__
    return bool(exit_(type(error), error, error.__traceback__))


async def begin_async(generator: OneYield, of: str) -> Any:
    """As ``begin``, of either kind."""
    if not isinstance(generator, AsyncIterator):
        return begin(generator, of)
    value = await anext(generator, ENDED)
    if value is ENDED:
        raise no_yield(of)
    return value


async def end_async(generator: OneYield, of: str) -> None:
    """As ``end``, of either kind."""
    if not isinstance(generator, AsyncIterator):
        end(generator, of)
    elif await anext(generator, ENDED) is not ENDED:
        await cast("Any", generator).aclose()
        raise _second(of)


async def throw_async(generator: OneYield, error: BaseException) -> bool:
    """As ``throw``, of either kind."""
    if not isinstance(generator, AsyncIterator):
        return throw(generator, error)
    exit_ = asynccontextmanager(lambda: generator)().__aexit__
    return bool(await exit_(type(error), error, error.__traceback__))


def no_yield(of: str) -> DeclarationError:
    """The error of one that ended without a yield."""
    return DeclarationError(f"{of} did not yield", hint="a generator of this kind yields once, whatever happens")


def second_yield(generator: Iterator[Any], of: str) -> DeclarationError:
    """The error of one that yields again; it is closed."""
    cast("Generator[Any]", generator).close()
    return _second(of)


def _second(of: str) -> DeclarationError:
    return DeclarationError(f"{of} yielded twice", hint="a generator of this kind yields once: is it in a loop?")
