"""Application state that handlers receive: ``State[Mailer]`` marks a parameter, ``app.provide`` says how to make one.

Values are made at first use in each process, so nothing that a factory opens crosses the fork. Those of a run, and
those that live in an event loop, are made and closed by the worker that runs the handler; here are all others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from contextvars import copy_context
from threading import RLock
from typing import Annotated, Any, Final, TypeVar, cast, get_args, get_origin

from pooljobs.errors import DeclarationError
from pooljobs.handler.context import enter
from pooljobs.handler.generators import begin, end, throw
from pooljobs.handler.provider import Needs, Provider, Scope, make_provider, type_name
from pooljobs.handler.providers import Providers
from pooljobs.process.per_process import PerProcess

T = TypeVar("T")


class _StateMarker:
    __slots__ = ()

    def __repr__(self) -> str:
        return "State"


_MARKER: Final = _StateMarker()

State = Annotated[T, _MARKER]
"""``mailer: State[Mailer]`` is a ``Mailer`` to the handler's body, and comes from the provider of ``Mailer``."""

_NO_NEEDS: Final = Needs()


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

    def make(self, provider: Provider, needs: Mapping[str, Any]) -> Any:
        """The provider's value. All of them are made, and resumed, in one context: a token that one takes from a
        ``ContextVar`` can be given back only where it was taken. With the lock.
        """
        if self._inside:
            return self._cleanup.enter_context(_opened(provider, needs))
        self._inside = True
        try:
            return self._context.run(lambda: self._cleanup.enter_context(_opened(provider, needs)))
        finally:
            self._inside = False

    def close(self) -> None:
        """Resumes the generators, last made first."""
        self._context.run(self._cleanup.close)


class StateContainer:
    """Providers by type, and the values they made in this process.

    Attributes:
        providers: All of them, those of runs and of event loops too.
    """

    def __init__(self) -> None:
        self.providers = Providers()
        self._values = PerProcess(_Values)

    def provide(
        self, type_: object, factory: Callable[..., Any], *, scope: Scope = "worker", needs: Needs = _NO_NEEDS
    ) -> None:
        """Register ``factory``, which is called with what it needs, lazily, once in each process or for each run.

        A generator function (or one under ``@contextmanager``) yields the value once and is resumed to close it.
        A later provider of the same type replaces the earlier one where no value has been made yet.

        Raises:
            DeclarationError: ``factory`` cannot be called, or is for all runs and needs to know one.
        """
        self.providers.add(make_provider(type_, factory, scope, needs))

    def missing(self, types: Iterable[object]) -> tuple[object, ...]:
        """Those of ``types`` that nobody provides."""
        return tuple(t for t in dict.fromkeys(types) if t not in self.providers)

    def get(self, type_: object) -> Any:
        """The value of ``type_`` in this process.

        Raises:
            DeclarationError: Nobody provides it, or what it needs; or it is a run's, or an event loop's. A worker
                checks that before it takes jobs.
        """
        values = self._values.get()
        try:
            return values.made[type_]
        except KeyError:
            return self._make(type_, values)

    def made(self, types: Iterable[object]) -> bool:
        """Whether all values that these types need are made in this process, so that ``get`` returns at once; but for
        those that are a run's, or an event loop's.
        """
        made = self._values.get().made
        try:
            return all(each.type_ in made for each in self.providers.needed(types) if self.is_plain(each))
        except DeclarationError:
            return False

    def is_plain(self, provider: Provider) -> bool:
        """Whether its values are found here."""
        return provider.scope == "worker" and not self.providers.in_loop(provider)

    def close(self) -> None:
        """Resume the generator factories of this process, last made first. Raises what they raise."""
        values = self._values.take()
        if values is not None:
            values.close()

    def _make(self, type_: object, values: _Values) -> Any:
        provider = self.providers.of(type_)
        if not self.is_plain(provider):
            what = "each run has for itself" if provider.scope == "run" else "lives in a worker's event loop"
            raise DeclarationError(f"State[{type_name(type_)}] is to be had in a worker alone: it {what}")
        with values.lock:
            if type_ not in values.made:
                needs = {name: self.get(needed) for name, needed in provider.needs.states}
                values.made[type_] = values.make(provider, needs)
            return values.made[type_]


@contextmanager
def _opened(provider: Provider, needs: Mapping[str, Any]) -> Iterator[Any]:
    generator = cast("Any", provider.open(**needs))
    value = begin(generator, provider.name)
    try:
        yield value
    except BaseException as error:
        if not throw(generator, error):
            raise
    else:
        end(generator, provider.name)
