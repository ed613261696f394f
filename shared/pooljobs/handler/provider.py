"""One provider of application state: what ``app.provide`` was given, checked and made one kind of thing."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Generator
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from pooljobs.errors import DeclarationError
from pooljobs.handler.generators import OneYield

Scope = Literal["worker", "run"]
"""How long a value is used: by all runs of a worker, or by one run."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a function is to be given, by its parameters' names.

    Attributes:
        states: Values of these types.
        contexts: The ``JobContext``.
    """

    states: tuple[tuple[str, object], ...] = ()
    contexts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """How values of one type are made, and closed.

    Attributes:
        open: A generator function: yields the value, and closes it when it is resumed. It takes what it needs.
        is_async: It is an asynchronous generator function.
        name: How errors call it.
    """

    type_: object
    open: Callable[..., OneYield]
    scope: Scope
    is_async: bool
    needs: Needs
    name: str


def make_provider(type_: object, factory: Callable[..., Any], scope: Scope, needs: Needs) -> Provider:
    """The provider of ``type_``, whose factory is to be given what it needs.

    Raises:
        DeclarationError: ``factory`` cannot be called, there is no such scope, or a value for all runs is to know one.
    """
    name = call_of(type_, factory)
    if not callable(factory):
        raise DeclarationError(
            f"{name}: the factory is a {type(factory).__name__}, which cannot be called",
            hint="the value is made in each worker, after the fork: pass a function that makes it",
        )
    if scope not in ("worker", "run"):
        raise DeclarationError(f"{name}: scope must be 'worker' or 'run', not {scope!r:.80}")
    if needs.contexts and scope == "worker":
        raise DeclarationError(
            f"{name}: {needs.contexts[0]} is a JobContext, and the value is made once for all jobs of a worker",
            hint="scope='run' makes one for each run",
        )
    is_async, open_ = _opening(type_, factory)
    return Provider(type_=type_, open=open_, scope=scope, is_async=is_async, needs=needs, name=name)


def call_of(type_: object, factory: object) -> str:
    """The call of ``app.provide``, as errors tell it."""
    return f"app.provide({type_name(type_)}, {getattr(factory, '__name__', '…')})"


def type_name(type_: object) -> str:
    """A type as a user would write it."""
    return type_.__qualname__ if isinstance(type_, type) else str(type_)


def _opening(type_: object, factory: Callable[..., Any]) -> tuple[bool, Callable[..., OneYield]]:
    """Whether it is asynchronous, and the generator function that it is or that is made of it.

    Only a generator says that it wants to be resumed: entering any value that can be entered would acquire locks and
    start transactions. But ``aclose`` is there for nothing else, and to be awaited: such a value lives in the loop.
    """
    bare = inspect.unwrap(factory.func if isinstance(factory, partial) else factory)
    if inspect.isgeneratorfunction(bare):
        return False, factory if inspect.isgeneratorfunction(factory) else partial(_entered, factory)
    if inspect.isasyncgenfunction(bare):
        return True, factory if inspect.isasyncgenfunction(factory) else partial(_entered_async, factory)
    if inspect.iscoroutinefunction(bare) or callable(getattr(type_, "aclose", None)):
        return True, partial(_closed_async, factory)
    return False, partial(_value, factory)


def _value(factory: Callable[..., Any], **needs: Any) -> Generator[Any]:
    yield factory(**needs)


def _entered(factory: Callable[..., Any], **needs: Any) -> Generator[Any]:
    with factory(**needs) as value:
        yield value


async def _entered_async(factory: Callable[..., Any], **needs: Any) -> AsyncIterator[Any]:
    async with factory(**needs) as value:
        yield value


async def _closed_async(factory: Callable[..., Any], **needs: Any) -> AsyncIterator[Any]:
    value = factory(**needs)
    if inspect.isawaitable(value):
        value = await value
    try:
        yield value
    finally:
        if (close := getattr(value, "aclose", None)) is not None:
            await close()
