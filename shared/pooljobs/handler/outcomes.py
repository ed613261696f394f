"""What a handler raises to decide itself what becomes of its job: later, again, failed for good, or not any more.

They derive from ``BaseException``, so that an ``except Exception`` in a handler does not swallow them. In an exception
group the first of them counts. Once a transaction of ``JobContext.complete_with`` has committed they change nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from pooljobs.errors import OptionError
from pooljobs.job.error_rules import leaves
from pooljobs.job.options import check_instant, seconds


class JobOutcome(BaseException):
    """Base of what a handler raises to decide about its own job.

    Attributes:
        why: For people: part of ``last_error``.
    """

    why: str = ""

    def __init__(self, why: str = "") -> None:
        super().__init__(why)
        self.why = why


class Snooze(JobOutcome):
    """Run the job again later. It is no failure: no run is charged, however often; ``snoozes`` counts them.

    Args:
        until: Seconds or a timedelta from the database's now(), at most a century; or an aware datetime.
        why: Shown as ``last_error`` where it is given.

    Raises:
        OptionError: ``until`` is none of these.
    """

    run_at: datetime | None = None
    delay: float | None = None

    def __init__(self, until: float | timedelta | datetime, why: str = "") -> None:
        super().__init__(why)
        if isinstance(until, datetime):
            check_instant("until", until)
            self.run_at = until
        else:
            self.delay = seconds("until", until)

    def __str__(self) -> str:
        return self.why


class Retry(JobOutcome):
    """The run has failed, and the job is to run again, as after any error; after its last run it has failed for good.

    Args:
        after: Seconds or a timedelta until the next run. Default: as the handler's retry policy says.
        why: What went wrong.

    Raises:
        OptionError: ``after`` is negative, beyond a century, or no duration.
    """

    after: float | None = None

    def __init__(self, after: float | timedelta | None = None, why: str = "") -> None:
        super().__init__(why)
        self.after = None if after is None else seconds("after", after)


class Fail(JobOutcome):
    """The job has failed for good, whatever runs are left."""


class Discard(JobOutcome):
    """The job is not to be run any more, and nobody is to blame: its status is ``cancelled``."""


def check_outcome(outcome: JobOutcome) -> None:
    """Looks whether it says what its class promises: a subclass need not have asked its base, and anybody may set it.

    Raises:
        OptionError: When the job is to run again is none of what may be given.
    """
    try:
        if isinstance(outcome, Snooze):
            Snooze(outcome.delay if outcome.run_at is None else outcome.run_at)  # type: ignore[arg-type]  # None too
        elif isinstance(outcome, Retry):
            Retry(outcome.after)
    except OptionError as error:
        kind = type(outcome).__name__
        hint = f"have {kind}.__init__ call super().__init__ with it"
        raise OptionError(f"{kind}: {error}", hint=hint) from outcome


def outcome_in(error: BaseException) -> JobOutcome | None:
    """What a handler has decided that raised this; None if it raised something else.

    >>> group = BaseExceptionGroup("two", [ValueError(), BaseExceptionGroup("one", [Fail("no such customer")])])
    >>> outcome_in(group), outcome_in(ValueError())
    (Fail('no such customer'), None)
    """
    return next((each for each in leaves(error) if isinstance(each, JobOutcome)), None)
