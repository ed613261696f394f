"""Gives each run a context of its own: a fresh copy of the worker's, so that what a handler leaves in a ``ContextVar``
is gone when it ends, on threads that run many jobs as well. Used by the dispatcher and by the tasks of the event loop.

A copy still shares what the variables hold. The decimal context is the one such value that the language itself has
there, and that handlers change in place (``getcontext().prec = 4``): where the application has changed it, each run has
a copy of it. Else none is copied, which takes half a microsecond, and each run makes its own when it first computes:
that somebody has computed a decimal says little, psycopg does when it is imported.
"""

from __future__ import annotations

import contextvars
import decimal
from collections.abc import Callable
from contextvars import Context

from pooljobs.handler.context import enter
from pooljobs_worker.claims.claimed_job import ClaimedJob

_DECIMAL = "decimal_context"
"""What ``decimal`` calls its variable."""


class RunContexts:
    """One worker's, made in its main thread when the application is loaded.

    Attributes:
        fresh: Gives the context of one run; it is to begin with ``enter``.
        enter: Makes a job the current one, in the run's own context.
    """

    def __init__(self) -> None:
        worker = contextvars.copy_context()
        self._decimal = _changed_decimal_context(worker)
        if self._decimal is None:
            worker = _without_decimals(worker)
        self.fresh: Callable[[], Context] = worker.copy
        self.enter: Callable[[ClaimedJob], object] = enter if self._decimal is None else self._enter_with_decimals

    def _enter_with_decimals(self, job: ClaimedJob) -> None:
        assert self._decimal is not None
        enter(job)
        decimal.setcontext(self._decimal.copy())


def _changed_decimal_context(context: Context) -> decimal.Context | None:
    """What decimals are computed by there; None where that is the default."""
    for variable, value in context.items():
        if variable.name == _DECIMAL and isinstance(value, decimal.Context):
            own = value.copy()
            own.clear_flags()
            return None if repr(own) == repr(decimal.Context()) else own
    return None


def _without_decimals(context: Context) -> Context:
    """The same variables, but for that one."""
    bare = Context()
    for variable, value in context.items():
        if variable.name != _DECIMAL:
            bare.run(variable.set, value)
    return bare
