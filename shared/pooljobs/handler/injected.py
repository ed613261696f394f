"""The default of a handler's parameter that is no payload: ``ctx: JobContext = injected()``.

With a default it may be left out wherever the handler is called or enqueued, which is what type checkers look at.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, NoReturn


class _Injected:
    """What stands in the parameter's place where nobody has injected anything; it is of no use but to say so."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "injected()"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # who looks for a protocol is no user
            raise AttributeError(name)
        self._refuse(f".{name}")

    def __call__(self, *_args: object, **_kwargs: object) -> NoReturn:
        self._refuse("()")

    def _refuse(self, what: str) -> NoReturn:
        raise TypeError(
            f"injected(){what} is not there: only a worker injects; call the handler with a value of your own here"
        )


INJECTED: Final = _Injected()


def injected() -> Any:
    """The default of a parameter that a worker fills: a ``JobContext``, or ``State[…]``.

    It fits every annotation. A task that is called outside of a job must be given the parameter all the same.
    """
    return INJECTED


def refuse_uninjected(
    function: Callable[..., object],
    names: Collection[str],
    args: tuple[object, ...],
    kwargs: Mapping[str, object],
) -> None:
    """Refuses a call outside of a job in which parameters with this default are left out.

    Raises:
        TypeError: They are, or the handler cannot be called so at all.
    """
    given = inspect.signature(function).bind(*args, **kwargs).arguments
    missing = [name for name in names if name not in given]
    if missing:
        called = getattr(function, "__name__", repr(function))
        raise TypeError(
            f"{called}() misses {', '.join(missing)}: only a worker injects; give a value in a call outside of a job"
        )
