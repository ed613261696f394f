"""When a failed job runs again: a pure decision, the worker's after a failure, the steward's after a crash.

``max_retries`` is the total number of runs. The first retry comes at once, then an exponential policy waits
base, 4·base, 16·base … up to a week, plus a jitter that is the same each time it is computed for a job.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, Literal, get_args
from uuid import UUID

from pooljobs.errors import DeclarationError

PolicyKind = Literal["exponential", "fixed", "none"]
_KINDS: Final[tuple[PolicyKind, ...]] = get_args(PolicyKind)

DEFAULT_DELAY_SECS: Final = 1.0

LONGEST_BACKOFF_SECS: Final = 7 * 24 * 3600.0
LONGEST_DELAY_SECS: Final = 100 * 365.25 * 24 * 3600.0
"""Any delay beyond a century is taken for a mistake."""

FIRST_CRASH_DELAY_SECS: Final = 0.25
LONGEST_CRASH_DELAY_SECS: Final = 60.0
"""What a job that ended its process waits at least: fourfold with each crash, up to a minute."""

_JITTER_BITS: Final = 53


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long to wait before the next run.

    Attributes:
        kind: ``exponential``, ``fixed`` (the same delay each time) or ``none`` (fail at the first error).
        delay_secs: Seconds: the base of the exponential policy, or the delay of the fixed one. Default
            ``DEFAULT_DELAY_SECS``, 1.

    Raises:
        DeclarationError: There is no such kind; or ``delay_secs`` is negative, beyond a century, or not a number.
    """

    kind: PolicyKind = "exponential"
    delay_secs: float = DEFAULT_DELAY_SECS

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            meant = get_close_matches(str(self.kind), _KINDS, n=1)
            hint = f"did you mean {meant[0]!r} ?" if meant else f"use one of {', '.join(map(repr, _KINDS))}"
            raise DeclarationError(f"there is no retry_policy {self.kind!r:.80}", hint=hint)
        if isinstance(self.delay_secs, bool) or not isinstance(self.delay_secs, int | float):
            raise DeclarationError(f"retry_delay_secs must be a number of seconds, not {self.delay_secs!r}")
        if not 0 <= self.delay_secs <= LONGEST_DELAY_SECS:
            raise DeclarationError(f"retry_delay_secs must be between 0 seconds and a century, not {self.delay_secs!r}")

    @classmethod
    def stored(cls, kind: str | None, delay_secs: float | None) -> RetryPolicy:
        """The policy that a row tells of, which another version may have written, or nobody: never refused.

        An unknown kind means exponential, and a delay that is none the default.
        """
        known: PolicyKind = next((each for each in _KINDS if each == kind), "exponential")
        usable = delay_secs is not None and 0 <= delay_secs <= LONGEST_DELAY_SECS
        return cls(known, delay_secs if usable and delay_secs is not None else DEFAULT_DELAY_SECS)

    def most_runs(self, max_retries: int) -> int:
        """How many runs a job that may have ``max_retries`` really has: under ``none`` there is one."""
        return 1 if self.kind == "none" else max_retries


def next_delay(policy: RetryPolicy, failures: int, max_retries: int, job_id: UUID) -> float | None:
    """Seconds until the next run after ``failures`` runs, the last of which failed; None: it has failed for good.

    >>> base_two = RetryPolicy("exponential", 2.0)
    >>> nil = UUID(int=0)
    >>> [next_delay(base_two, n, 5, nil) for n in (1, 2, 3, 4, 5)]
    [0.0, 2.0, 8.0, 32.0, None]
    """
    if failures >= max_retries or policy.kind == "none":
        return None
    if policy.kind == "fixed":
        return float(policy.delay_secs)
    if failures <= 1:
        return 0.0
    return _backoff(policy.delay_secs, failures) + _jitter(policy.delay_secs, job_id)


def delay_after_crash(policy: RetryPolicy, runs: int, crashes: int, job_id: UUID) -> float:
    """Seconds until the next run after the n-th crash, in a job's n-th run: the longer of two waits.

    One grows with the crashes, so that a job which takes its worker down does not come back at once to take the next.
    The other is what the policy says after so many runs. How often a job may crash is not the policy's.

    >>> nil = UUID(int=0)
    >>> [delay_after_crash(RetryPolicy("none"), n, n, nil) for n in (1, 2, 3, 4, 5, 10**6)]
    [0.25, 1.0, 4.0, 16.0, 60.0, 60.0]
    >>> delay_after_crash(RetryPolicy("fixed", 90.0), 1, 1, nil)
    90.0
    """
    grown = FIRST_CRASH_DELAY_SECS * 4.0 ** min(crashes - 1, 10)
    return max(min(grown, LONGEST_CRASH_DELAY_SECS), next_delay(policy, runs, runs + 1, job_id) or 0.0)


def _backoff(base: float, failures: int) -> float:
    try:
        grown = math.ldexp(base, 2 * (failures - 2))
    except OverflowError:
        return LONGEST_BACKOFF_SECS
    return min(grown, LONGEST_BACKOFF_SECS)


def share_of(job_id: UUID) -> float:
    """In [0, 1), uniform over ids: from the low bits, because the high ones of a UUIDv7 are the time."""
    return math.ldexp(job_id.int & ((1 << _JITTER_BITS) - 1), -_JITTER_BITS)


def _jitter(base: float, job_id: UUID) -> float:
    """In [0, base)."""
    return min(share_of(job_id) * base, math.nextafter(base, 0.0))
