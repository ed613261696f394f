"""What ``@app.job(...)`` says of a handler, checked. Used by ``app`` and ``task``."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import Any, Final

from pooljobs.errors import DeclarationError, OptionError
from pooljobs.job.error_rules import ErrorRules
from pooljobs.job.options import check_max_retries, check_name
from pooljobs.job.retry import RetryPolicy
from pooljobs.job.schedule_rule import Schedule, check_schedule_name
from pooljobs.job.time_limit import TimeLimit
from pooljobs.job.unique import Debounce, Unique
from pooljobs.signature.inspection import written

DEFAULT_QUEUE: Final = "default"
DEFAULT_MAX_RETRIES: Final = 3

REFUSE_EXTRA: Final = "refuse"
IGNORE_EXTRA: Final = "ignore"

RESULT_LIMIT: Final = 64 * 1024
LARGEST_RESULT: Final = 16 * 1024 * 1024
"""Bytes of JSON that are kept of what a handler returned: by default, and at most."""

_NO_METHOD: Final = "declare a function, and make in it the object that it needs, or take that as State[…]"


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a decorator says about a handler, besides the function itself.

    Attributes:
        extra: What becomes of payload fields that the handler does not take: ``refuse`` or ``ignore``.
        aliases: Other job types whose jobs the handler takes as well: its former names.
        secret: Parameters, or fields of the payload, whose values are shown nowhere.
        errors: What becomes of a job by the class of what it raised.
        schedule: When it is enqueued by itself, with ``cron_payload``; None for never.
        unique: Whether and how its jobs are unique: False, True or a ``Unique``.
        debounce: How they are debounced, or None.
        result_limit: Bytes of JSON up to which what it returns is kept; None: it is dropped.

    Raises:
        DeclarationError: A value is out of its range.
    """

    name: str
    queue: str = DEFAULT_QUEUE
    max_retries: int = DEFAULT_MAX_RETRIES
    retry: RetryPolicy = RetryPolicy()  # noqa: RUF009 - frozen
    time_limit: TimeLimit | None = None
    extra: str = REFUSE_EXTRA
    aliases: Sequence[str] = ()
    secret: Sequence[str] = ()
    errors: ErrorRules = ErrorRules()  # noqa: RUF009 - frozen
    schedule: Schedule | None = None
    cron_payload: Any = None
    unique: bool | Unique = False
    debounce: Debounce | None = None
    result_limit: int | None = None

    def __post_init__(self) -> None:
        self._check_extra()
        self._check_result_limit()
        self._check_aliases()
        self._check_secret()
        try:
            check_name("the name of a job", self.name)
            check_name("queue", self.queue)
            check_max_retries(self.max_retries)
            for alias in self.aliases:
                check_name("an alias", alias)
            if self.schedule is not None:
                check_schedule_name(self.name)
        except OptionError as error:
            raise DeclarationError(f"{self.name}: {error}", hint=error.hint) from None

    @property
    def job_types(self) -> tuple[str, ...]:
        """All types whose jobs the handler takes, its name first."""
        return (self.name, *self.aliases)

    def _check_extra(self) -> None:
        if self.extra not in (REFUSE_EXTRA, IGNORE_EXTRA):
            raise DeclarationError(f"{self.name}: extra must be 'refuse' or 'ignore', not {self.extra!r:.80}")

    def _check_aliases(self) -> None:
        """Text is a sequence too, of names of one letter: nobody means that."""
        if not isinstance(self.aliases, list | tuple):
            hint = "write it as aliases=('old_name',)"
            raise DeclarationError(
                f"{self.name}: aliases must be a tuple of names, not {self.aliases!r:.80}", hint=hint
            )
        for at, alias in enumerate(self.aliases):
            if alias == self.name or alias in self.aliases[:at]:
                raise DeclarationError(f"{self.name}: {alias!r} is named twice", hint="leave it out of the aliases")

    def _check_result_limit(self) -> None:
        limit = self.result_limit
        if limit is not None and (type(limit) is not int or not 1 <= limit <= LARGEST_RESULT):
            raise DeclarationError(
                f"{self.name}: result_limit is a number of bytes from 1 to {LARGEST_RESULT:,}, not {limit!r:.80}",
                hint="store what is larger elsewhere, and return a reference to it",
            )

    def _check_secret(self) -> None:
        if not isinstance(self.secret, list | tuple) or not all(isinstance(name, str) for name in self.secret):
            hint = "write it as secret=('token',)"
            raise DeclarationError(f"{self.name}: secret must be a tuple of names, not {self.secret!r:.80}", hint=hint)


def result_limit_of(result: bool | None, limit: int | None, *, by_default: bool) -> int | None:
    """Bytes that are kept of what a handler returns; None: nothing is.

    Raises:
        DeclarationError: A limit for what is not kept.
    """
    if result is False and limit is not None:
        raise DeclarationError("result_limit is given for a result that is not kept", hint="leave out result=False")
    if by_default if result is None else result:
        return RESULT_LIMIT if limit is None else limit
    if limit is not None:
        raise DeclarationError("result_limit is given for a result that is not kept", hint="add result=True")
    return None


def refuse_unrunnable(function: object, name: str) -> None:
    """Refuses what a worker could not run as a job."""
    if isinstance(function, classmethod):
        raise DeclarationError(f"{name}: a class method cannot be a job", hint=_NO_METHOD)
    if isinstance(function, type) or not callable(function):
        raise DeclarationError(f"{name}: a job must be a function, not {function!r:.80}")
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise DeclarationError(f"{name}: a generator function would never run", hint="return instead of yield")
    if _is_method(function):
        raise DeclarationError(
            f"{name}: a method cannot be a job: a worker has no object to call it on", hint=_NO_METHOD
        )


def name_of(function: object) -> str:
    """What a job is called whose declaration has no name.

    Raises:
        DeclarationError: The function has none either.
    """
    name = getattr(function, "__name__", None)
    if isinstance(name, str):
        return name
    if isinstance(function, classmethod) or not callable(function):
        return repr(function)
    raise DeclarationError(f"{function!r:.80} has no name", hint="give the job one: app.job(name='…')(function)")


def place_of(function: Any) -> str:
    """File and line of a function, for errors that name two of them."""
    code = _code_of(function)
    return f"{code.co_filename}:{code.co_firstlineno}" if code is not None else getattr(function, "__module__", "?")


def redeclares(new: Any, old: Any) -> bool:
    """Whether it is the same function of a module, come to be declared once more: the module was executed again, under
    another name (``python -m``) or in a cell of a notebook, where the cell's text is another one each time. Then it was
    compiled again: of one compilation all functions, partials and objects are different ones.
    """
    code, former = _code_of(new), _code_of(old)
    if code is former:
        return new is old
    if code is None or former is None or "<locals>" in code.co_qualname or code.co_qualname != former.co_qualname:
        return False
    if (code.co_filename, code.co_firstlineno) == (former.co_filename, former.co_firstlineno):
        return True
    return _in_a_cell(new, code) and _in_a_cell(old, former)


def _in_a_cell(function: Any, code: CodeType) -> bool:
    from pathlib import Path

    return getattr(written(function), "__module__", None) == "__main__" and not Path(code.co_filename).exists()


def _code_of(function: Any) -> CodeType | None:
    code = getattr(written(function), "__code__", None)
    return code if isinstance(code, CodeType) else None


def _is_method(function: Any) -> bool:
    """Whether it stands in the body of a class, and takes its object or its class first."""
    around = getattr(function, "__qualname__", "").rpartition(".")[0]
    if not isinstance(function, FunctionType) or not around or around.endswith("<locals>"):
        return False
    return function.__code__.co_varnames[: function.__code__.co_argcount][:1] in (("self",), ("cls",))
