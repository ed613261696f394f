"""Gives each run a context of its own: a fresh copy of the worker's, so that what a handler leaves in a ``ContextVar``
is gone when it ends, on threads that run many jobs as well. Used by the dispatcher and by the tasks of the event loop.

A copy still shares what the variables hold. The decimal context is the one such value that the language itself has
there, and that handlers change in place (``getcontext().prec = 4``): where the application has one, each run has a copy
of it; where it has none, each run makes its own when it first computes.
"""

from __future__ import annotations

import contextvars
import decimal
from contextvars import Context

from pooljobs.handler.context import enter
from pooljobs_worker.claims.claimed import ClaimedJob

_DECIMAL = "decimal_context"
"""What ``decimal`` calls its variable."""


class RunContexts:
    """One worker's, made in its main thread when the application is loaded."""

    def __init__(self) -> None:
        self._worker = contextvars.copy_context()
        self._decimal = _decimal_context(self._worker)

    def fresh(self) -> Context:
        """The context of one run; it is to begin with ``enter``."""
        return self._worker.copy()

    def enter(self, job: ClaimedJob) -> None:
        """Makes ``job`` the current one, in the run's own context."""
        enter(job)
        if self._decimal is not None:
            decimal.setcontext(self._decimal.copy())


def _decimal_context(context: Context) -> decimal.Context | None:
    """What decimals are computed by there; None where nobody has computed any."""
    found = (value for variable, value in context.items() if variable.name == _DECIMAL)
    return next((value.copy() for value in found if isinstance(value, decimal.Context)), None)
