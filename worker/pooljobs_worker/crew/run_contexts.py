"""Gives each run a context of its own: a fresh copy of the worker's, so that what a handler leaves in a ``ContextVar``
is gone when it ends, on threads that run many jobs as well. Used by the dispatcher and by the tasks of the event loop.

A copy still shares what the variables hold. The decimal context is the one such value that the language itself has
there, and that handlers change in place (``getcontext().prec = 4``): where the application has one, each run has a copy
of it; where it has none, each run makes its own when it first computes.
"""

from __future__ import annotations

import contextvars
import decimal
from collections.abc import Callable
from contextvars import Context

from pooljobs.handler.context import enter
from pooljobs_worker.claims.claimed import ClaimedJob

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
        self._decimal = _decimal_context(worker)
        self.fresh: Callable[[], Context] = worker.copy
        self.enter: Callable[[ClaimedJob], object] = enter if self._decimal is None else self._enter_with_decimals

    def _enter_with_decimals(self, job: ClaimedJob) -> None:
        assert self._decimal is not None
        enter(job)
        decimal.setcontext(self._decimal.copy())


def _decimal_context(context: Context) -> decimal.Context | None:
    """What decimals are computed by there; None where nobody has computed any."""
    found = (value for variable, value in context.items() if variable.name == _DECIMAL)
    return next((value.copy() for value in found if isinstance(value, decimal.Context)), None)
