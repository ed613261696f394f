"""What an enqueue can set for one job, and the ranges that hold for it. Checked when the options are made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, TypeGuard

from pooljobs.errors import OptionError
from pooljobs.job.labels import checked_tags, encoded_meta
from pooljobs.job.retry import LONGEST_DELAY_SECS

LONGEST_NAME: Final = 200
PRIORITIES: Final = range(-4, 5)
MOST_RUNS: Final = 2**31 - 1

OnConflict: TypeAlias = Literal["skip", "replace", "reschedule", "raise"]
ON_CONFLICT: Final = ("skip", "replace", "reschedule", "raise")

if TYPE_CHECKING:
    from typing import TypedDict

    class GivenOptions(TypedDict, total=False):
        """``EnqueueOptions`` as keyword arguments."""

        delay: float | timedelta | None
        run_at: datetime | None
        priority: int
        queue: str | None
        max_retries: int | None
        trace_id: str | None
        max_attempts: int | None
        unique_key: str | None
        on_conflict: OnConflict | None
        tags: Iterable[str] | None
        meta: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnqueueOptions:
    """Settings of one enqueued job; None means as the handler declares, or none.

    Attributes:
        delay: Seconds (or a timedelta) from the database's now(), at most a century. Excludes ``run_at``.
        run_at: An aware datetime before which the job does not run.
        priority: -4 to 4, smaller first. Default 0.
        queue: Name of the queue, at most 200 characters.
        max_retries: Total number of runs, at least 1.
        max_attempts: Another name of ``max_retries``, that says what it is; it is taken over there.
        trace_id: At most 200 characters; inside a handler, the running job's is inherited.
        unique_key: What the job is unique by, in the place of its payload; of a handler that is not declared as unique
            too. Any text.
        on_conflict: What becomes of a job of that key that is there: see ``Unique``.
        tags: At most 16 texts of at most 64 characters, by which people find the job; kept as a tuple.
        meta: At most 4 KiB of JSON, by names, that says something of the job and is no part of its payload.

    Raises:
        OptionError: A value is out of its range, or two contradict each other.
    """

    delay: float | timedelta | None = None
    run_at: datetime | None = None
    priority: int = 0
    queue: str | None = None
    max_retries: int | None = None
    trace_id: str | None = None
    max_attempts: int | None = None
    unique_key: str | None = None
    on_conflict: OnConflict | None = None
    tags: Iterable[str] | None = None
    meta: Mapping[str, Any] | None = field(default=None, hash=False)

    def __post_init__(self) -> None:
        self._take_over()
        if self.delay is not None and self.run_at is not None:
            raise OptionError("delay and run_at exclude each other", hint="give one of them")
        if self.delay is not None:
            seconds("delay", self.delay)
        if self.run_at is not None:
            check_instant("run_at", self.run_at)
        check_priority(self.priority)
        if self.queue is not None:
            check_name("queue", self.queue)
        if self.max_retries is not None:
            check_max_retries(self.max_retries)
        if self.trace_id is not None:
            check_name("trace_id", self.trace_id)
        self._check_unique()
        self._check_labels()

    def _check_unique(self) -> None:
        if self.unique_key is not None:
            _check_key(self.unique_key)
        if self.on_conflict is not None and self.on_conflict not in ON_CONFLICT:
            raise OptionError(f"on_conflict must be one of {', '.join(ON_CONFLICT)}, not {self.on_conflict!r:.80}")

    def _check_labels(self) -> None:
        if self.tags is not None:
            object.__setattr__(self, "tags", checked_tags(self.tags))
        if self.meta is not None:
            encoded_meta(self.meta)

    def _take_over(self) -> None:
        """Has one name for what has two."""
        if self.max_attempts is not None:
            object.__setattr__(self, "max_retries", total_runs(self.max_retries, self.max_attempts))
            object.__setattr__(self, "max_attempts", None)

    @classmethod
    def named(cls, given: GivenOptions) -> EnqueueOptions:
        """Options from keyword arguments. Raises OptionError for a name that is none of them."""
        known = [field.name for field in fields(cls)]
        for name in given:
            if name not in known:
                raise OptionError(f"no such option: {name}", hint=f"the options are {', '.join(known)}")
        return cls(**given)

    @property
    def delay_secs(self) -> float:
        """The delay in seconds; 0 for none."""
        return 0.0 if self.delay is None else seconds("delay", self.delay)


def check_name(what: str, name: object) -> None:
    """Refuses what is no name: empty, beyond 200 characters, or not storable as text."""
    if not isinstance(name, str) or not name:
        raise OptionError(f"{what} must be a non-empty string, not {name!r}")
    if len(name) > LONGEST_NAME:
        raise OptionError(f"{what} must have at most {LONGEST_NAME} characters, not {len(name)}")
    if "\0" in name or any("\ud800" <= character <= "\udfff" for character in name):
        raise OptionError(f"{what} {name!r} contains a character that PostgreSQL cannot store")


def check_priority(priority: object) -> None:
    """Refuses what is no priority."""
    if not _is_int(priority) or priority not in PRIORITIES:
        raise OptionError(f"priority must be a whole number from -4 to 4, not {priority!r}")


def _check_key(key: object) -> None:
    if not isinstance(key, str) or not key:
        raise OptionError(f"unique_key must be a non-empty string, not {key!r:.80}")
    if "\0" in key or any("\ud800" <= character <= "\udfff" for character in key):
        raise OptionError(f"unique_key {key!r:.80} contains a character that PostgreSQL cannot store")


def total_runs(max_retries: int | None, max_attempts: int | None) -> int | None:
    """The total number of runs, which has two names.

    Raises:
        OptionError: Both are given.
    """
    if max_retries is not None and max_attempts is not None:
        raise OptionError("max_retries and max_attempts are two names of one thing", hint="give one of them")
    return max_retries if max_attempts is None else max_attempts


def check_max_retries(number: object) -> None:
    """Refuses what is no total number of runs."""
    if not _is_int(number) or not 1 <= number <= MOST_RUNS:
        raise OptionError(f"max_retries is the total number of runs, a whole number of at least 1, not {number!r}")


def check_instant(what: str, when: object) -> None:
    """Refuses what is no instant: a naive datetime, or one that UTC cannot express."""
    if not isinstance(when, datetime):
        raise OptionError(f"{what} must be a datetime, not {when!r}")
    if when.utcoffset() is None:
        raise OptionError(f"{what} must be an aware datetime", hint="for example datetime.now(UTC)")
    try:
        when.astimezone(UTC)
    except OverflowError as error:
        raise OptionError(f"{what} {when!s} is outside the years 1 to 9999") from error


def seconds(what: str, delay: object) -> float:
    """A duration in seconds. Raises OptionError for what is none: negative, beyond a century, or not a number."""
    secs = delay.total_seconds() if isinstance(delay, timedelta) else delay
    if isinstance(secs, bool) or not isinstance(secs, int | float):
        raise OptionError(f"{what} must be a number of seconds or a timedelta, not {delay!r}")
    if not 0 <= secs <= LONGEST_DELAY_SECS:
        raise OptionError(f"{what} must be between 0 seconds and a century, not {delay!r}")
    return float(secs)


def _is_int(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
