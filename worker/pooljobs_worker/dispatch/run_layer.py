"""What the layers around a handler's call have in common, plain ones and asynchronous ones."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

from pooljobs.handler.context import JobContext
from pooljobs.handler.provider import Provider
from pooljobs_worker.claims.claimed_job import ClaimedJob

RUN: Final = "the run"
"""Keyword under which a surrounded handler is given its ``Run``: no parameter can have that name."""

Values: TypeAlias = dict[object, Any]
"""By type: what the process has, then what is opened for the run."""

Run: TypeAlias = tuple[Any, Values]
"""The ``JobContext``, None where nobody asks for it; and the values."""

NOTHING: Final[Run] = (None, {})
"""Of a run in which nobody asks for anything."""

Kwargs: TypeAlias = dict[str, Any]

Call: TypeAlias = Callable[[tuple[Any, ...], Kwargs, Any, Values], Any]
"""A handler's call, with all that surrounds it within. It is given the arguments and the ``Run``; what it returns is
None, or is to be awaited.
"""

AsyncCall: TypeAlias = Callable[[tuple[Any, ...], Kwargs, Any, Values], Awaitable[None]]

Inject: TypeAlias = Callable[[Kwargs, ClaimedJob, int], Kwargs]
"""Given the keyword arguments that come from the payload, the job, and when its run began: all of them."""

Filled: TypeAlias = tuple[tuple[str, object], ...]
"""The handler's parameters that get what was opened for the run, and its types."""


def needs_of(provider: Provider, context: JobContext, values: Values) -> Kwargs:
    """What a provider is to be given."""
    given = {name: values[type_] for name, type_ in provider.needs.states}
    return given | dict.fromkeys(provider.needs.contexts, context)
