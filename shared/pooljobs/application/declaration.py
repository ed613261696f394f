"""What ``@app.job(...)`` says of a handler, checked. Used by ``app`` and ``task``."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any, Final

from pooljobs.errors import DeclarationError, OptionError
from pooljobs.job.options import check_max_retries, check_name
from pooljobs.job.retry import RetryPolicy
from pooljobs.job.time_limit import TimeLimit

DEFAULT_QUEUE: Final = "default"
DEFAULT_MAX_RETRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a decorator says about a handler, besides the function itself.

    Raises:
        DeclarationError: A value is out of its range.
    """

    name: str
    queue: str = DEFAULT_QUEUE
    max_retries: int = DEFAULT_MAX_RETRIES
    retry: RetryPolicy = RetryPolicy()  # noqa: RUF009 - frozen
    time_limit: TimeLimit | None = None

    def __post_init__(self) -> None:
        try:
            check_name("the name of a job", self.name)
            check_name("queue", self.queue)
            check_max_retries(self.max_retries)
        except OptionError as error:
            raise DeclarationError(f"{self.name}: {error}", hint=error.hint) from error


def refuse_unrunnable(function: object, name: str) -> None:
    """Refuses what a worker could not run as a job."""
    if isinstance(function, type) or not callable(function) or not hasattr(function, "__name__"):
        raise DeclarationError(f"{name}: a job must be a function, not {function!r:.80}")
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise DeclarationError(f"{name}: a generator function would never run", hint="return instead of yield")


def place_of(function: Any) -> str:
    """File and line of a function, for errors that name two of them."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code is not None else function.__module__
