"""The method of an application that says how the state is made that its handlers ask for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import TypeVar

from pooljobs.handler.provider import Scope, call_of
from pooljobs.handler.state import StateContainer
from pooljobs.signature.provider_needs import read_needs

T = TypeVar("T")

Factory = Callable[
    ...,
    T | Iterator[T] | AbstractContextManager[T] | Awaitable[T] | AsyncIterator[T] | AbstractAsyncContextManager[T],
]
"""What makes a value: a function that gives it, or a generator function that yields it; or an async one."""


class StateMethods:
    """How handlers get what they ask for.

    Attributes:
        state: The providers, and what they made in this process.
    """

    state: StateContainer

    def provide(self, type_: type[T], factory: Factory[T], *, scope: Scope = "worker") -> None:
        """Say how a ``State[type_]`` is made: after the fork, at first use.

        Args:
            type_: What handlers ask for.
            factory: A function that gives the value, or a generator function that yields it; what follows the yield
                runs when the value is closed. Either may be asynchronous, for async handlers: the value is made and
                closed in their event loop. One that no generator made is closed by its ``aclose``, if it has that.
                Parameters annotated ``State[…]`` are given other values.
            scope: ``worker`` (default): one value in each worker, closed when it ends. ``run``: one for each run,
                closed when its handler has ended; at the yield is raised what the handler raised, which it cannot
                change. Such a factory may take the ``JobContext`` and other values of the run, too.

        Raises:
            DeclarationError: ``factory`` has a parameter that nobody would fill, or is for all runs and needs to know
                one; or there is no such scope. What it needs is checked when a worker starts.
        """
        self.state.provide(type_, factory, scope=scope, needs=read_needs(factory, call_of(type_, factory)))
