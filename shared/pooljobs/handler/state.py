"""Application state that handlers receive: ``State[Mailer]`` marks a parameter, ``app.provide`` says how to make one.

Values are made at first use in each process, so nothing that a factory opens crosses the fork.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Iterable
from contextlib import AbstractContextManager, ExitStack, contextmanager
from contextvars import copy_context
from functools import partial
from threading import RLock
from typing import Annotated, Any, Final, TypeVar, cast, get_args, get_origin

from pooljobs.errors import DeclarationError
from pooljobs.handler.context import enter
from pooljobs.process.per_process import PerProcess

T = TypeVar("T")


class _StateMarker:
    __slots__ = ()

    def __repr__(self) -> str:
        return "State"


_MARKER: Final = _StateMarker()

State = Annotated[T, _MARKER]
"""``mailer: State[Mailer]`` is a ``Mailer`` to the handler's body, and comes from the provider of ``Mailer``."""


def state_type(annotation: object) -> object | None:
    """The type to be injected where ``annotation`` is ``State[...]``, else None."""
    if get_origin(annotation) is not Annotated:
        return None
    inner, *marks = get_args(annotation)
    return cast("object", inner) if _MARKER in marks else None


class _Values:
    """What was made in one process."""

    def __init__(self) -> None:
        self.lock = RLock()  # a factory may itself need the lock's thread to make another value
        self.made: dict[object, Any] = {}
        self._cleanup = ExitStack()
        self._context = copy_context()
        self._context.run(enter, None)  # the value outlives the job that was the first to ask for it
        self._inside = False

    def make(self, factory: Callable[[], AbstractContextManager[Any]]) -> Any:
        """The factory's value. All of them are made, and resumed, in one context: a token that one takes from a
        ``ContextVar`` can be given back only where it was taken. With the lock.
        """
        if self._inside:
            return self._cleanup.enter_context(factory())
        self._inside = True
        try:
            return self._context.run(lambda: self._cleanup.enter_context(factory()))
        finally:
            self._inside = False

    def close(self) -> None:
        """Resumes the generators, last made first."""
        self._context.run(self._cleanup.close)


class StateContainer:
    """Providers by type, and the values they made in this process."""

    def __init__(self) -> None:
        self._factories: dict[object, Callable[[], AbstractContextManager[Any]]] = {}
        self._values = PerProcess(_Values)

    def provide(self, type_: object, factory: Callable[[], Any]) -> None:
        """Register ``factory``, which is called without arguments, lazily, once in each process.

        A generator function (or one under ``@contextmanager``) yields the value once and is resumed by ``close``.
        A later provider of the same type replaces the earlier one where no value has been made yet.

        Raises:
            DeclarationError: ``factory`` cannot be called without arguments, or is asynchronous.
        """
        self._factories[type_] = _opener(type_, factory)

    def missing(self, types: Iterable[object]) -> tuple[object, ...]:
        """Those of ``types`` that nobody provides."""
        return tuple(t for t in dict.fromkeys(types) if t not in self._factories)

    def get(self, type_: object) -> Any:
        """The value of ``type_`` in this process.

        Raises:
            DeclarationError: Nobody provides it. A worker checks with ``missing`` before it takes jobs.
        """
        values = self._values.get()
        try:
            return values.made[type_]
        except KeyError:
            return self._make(type_, values)

    def made(self, types: Iterable[object]) -> bool:
        """Whether the values of all these types are made in this process, so that ``get`` returns at once."""
        made = self._values.get().made
        return all(type_ in made for type_ in types)

    def close(self) -> None:
        """Resume the generator factories of this process, last made first. Raises what they raise."""
        values = self._values.take()
        if values is not None:
            values.close()

    def _make(self, type_: object, values: _Values) -> Any:
        factory = self._factories.get(type_)
        if factory is None:
            raise DeclarationError(
                f"nobody provides State[{type_name(type_)}]",
                hint=f"call app.provide({type_name(type_)}, factory) where the app is declared",
            )
        with values.lock:
            if type_ not in values.made:
                values.made[type_] = values.make(factory)
            return values.made[type_]


def type_name(type_: object) -> str:
    """A type as a user would write it."""
    return type_.__qualname__ if isinstance(type_, type) else str(type_)


def _opener(type_: object, factory: Callable[[], Any]) -> Callable[[], AbstractContextManager[Any]]:
    _refuse_uncallable(type_, factory)
    bare = inspect.unwrap(factory.func if isinstance(factory, partial) else factory)
    if not inspect.isgeneratorfunction(bare):
        # Only a generator says that it wants to be resumed: entering any value that can be entered would acquire
        # locks and start transactions.
        return contextmanager(partial(_value_of, factory))
    if inspect.isgeneratorfunction(factory):
        return contextmanager(factory)
    return factory


def _value_of(factory: Callable[[], Any]) -> Generator[Any]:
    yield factory()


def _refuse_uncallable(type_: object, factory: object) -> None:
    where = f"app.provide({type_name(type_)}, …)"
    if not callable(factory):
        raise DeclarationError(
            f"{where}: the factory is a {type(factory).__name__}, which cannot be called",
            hint="the value is made in each worker, after the fork: pass a function that makes it",
        )
    if inspect.iscoroutinefunction(factory) or inspect.isasyncgenfunction(factory):
        raise DeclarationError(f"{where}: the factory is asynchronous", hint="pass a plain function or generator")
    try:
        inspect.signature(factory).bind()
    except TypeError as error:
        raise DeclarationError(f"{where}: the factory must take no arguments: {error}") from error
    except ValueError:
        return  # a builtin whose signature cannot be read
