"""What ``@app.job`` makes of a function, as a type checker sees it. Used by ``app``.

Of a handler that takes the ``JobContext`` first that parameter is left out: the enqueue does not take it, a call is not
checked. For others, and after it, only a default says so: ``= injected()``. Where the first parameter takes anything
nothing can be told, and nothing is checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Concatenate, Protocol, overload

from pooljobs.application.task import Task
from pooljobs.enqueue.handler_types import P, R
from pooljobs.handler.context import JobContext

if TYPE_CHECKING:
    from collections.abc import Callable

    class Nobody:
        """No handler's parameter is annotated by this: it takes one only if it takes anything."""


class JobDecorator(Protocol):
    """Declares a function as a handler, and gives its task."""

    @overload
    def __call__(self, function: Callable[Concatenate[Nobody, P], R], /) -> Task[..., R, ...]: ...
    @overload
    def __call__(self, function: Callable[Concatenate[JobContext, P], R], /) -> Task[P, R, ...]: ...
    @overload
    def __call__(self, function: Callable[P, R], /) -> Task[P, R]: ...
