"""What a declaration says about errors: which end a job, which are retried, and how long to wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import cast

from pooljobs.errors import DeclarationError
from pooljobs.job.options import seconds

ErrorTypes = type[BaseException] | Sequence[type[BaseException]]
"""One class of exceptions, or several."""

Backoff = Callable[[int, BaseException], float | timedelta | None]
"""Given the number of the run that failed and its error: seconds until the next run; None: as the policy says."""


class Course(Enum):
    """What becomes of a job after an error."""

    DISCARD = "discard"
    FAIL = "fail"
    RETRY = "retry"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRules:
    """By class, subclasses included; of an exception group each member counts. Discarding goes before failing.

    Attributes:
        fail_on: The job has failed for good.
        discard_on: The job ends as cancelled.
        retry_on: None: all others are retried. Else these alone, and all others fail for good.
        backoff: How long to wait; None leaves it to the retry policy.
    """

    fail_on: tuple[type[BaseException], ...] = ()
    discard_on: tuple[type[BaseException], ...] = ()
    retry_on: tuple[type[BaseException], ...] | None = None
    backoff: Backoff | None = None

    @classmethod
    def of(
        cls,
        *,
        fail_on: ErrorTypes = (),
        discard_on: ErrorTypes = (),
        retry_on: ErrorTypes | None = None,
        backoff: object = None,
    ) -> ErrorRules:
        """From what a declaration says.

        Raises:
            DeclarationError: What should be classes of exceptions is something else, or ``backoff`` no function.
        """
        if backoff is not None and not callable(backoff):
            hint = "for a fixed delay: retry_policy='fixed', retry_delay_secs=…"
            raise DeclarationError(f"backoff must be a function of (attempt, error), not {backoff!r:.80}", hint=hint)
        return cls(
            fail_on=_classes("fail_on", fail_on),
            discard_on=_classes("discard_on", discard_on),
            retry_on=None if retry_on is None else _classes("retry_on", retry_on),
            backoff=cast("Backoff | None", backoff),
        )

    def course(self, error: BaseException) -> Course:
        """What is to become of a job that raised this, as far as its runs allow."""
        raised = tuple(leaves(error))
        if _any_is(raised, self.discard_on):
            return Course.DISCARD
        if _any_is(raised, self.fail_on) or (self.retry_on is not None and not _any_is(raised, self.retry_on)):
            return Course.FAIL
        return Course.RETRY

    def delay(self, attempt: int, error: BaseException) -> float | None:
        """Seconds that ``backoff`` gives; None: as the policy says.

        Raises:
            OptionError: What it gave is no number of seconds, negative, or beyond a century.
            Exception: What ``backoff`` raised.
        """
        given = None if self.backoff is None else self.backoff(attempt, error)
        return None if given is None else seconds("backoff", given)


def leaves(error: BaseException) -> Iterator[BaseException]:
    """The error itself, or what an exception group holds, depth first; without recursion, since groups may nest."""
    left = [error]
    while left:
        each = left.pop()
        if isinstance(each, BaseExceptionGroup):
            left.extend(reversed(each.exceptions))
        else:
            yield each


def _any_is(raised: Sequence[BaseException], classes: tuple[type[BaseException], ...]) -> bool:
    return bool(classes) and any(isinstance(each, classes) for each in raised)


def _classes(what: str, given: ErrorTypes) -> tuple[type[BaseException], ...]:
    listed: tuple[object, ...] = tuple(given) if isinstance(given, list | tuple) else (given,)
    for each in listed:
        if not (isinstance(each, type) and issubclass(each, BaseException)):
            hint = f"write it as {what}=(ValueError,)"
            raise DeclarationError(f"{what} must name classes of exceptions, not {each!r:.80}", hint=hint)
    return listed  # type: ignore[return-value]
