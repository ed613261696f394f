"""When a failed job runs again: a pure decision, the worker's after a failure, the steward's after a crash.

``max_retries`` is the total number of runs. The first retry comes at once, then an exponential policy waits
base, 4·base, 16·base … up to a week, plus a jitter that is the same each time it is computed for a job.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Final, Literal, get_args
from uuid import UUID

from pooljobs.errors import DeclarationError

PolicyKind = Literal["exponential", "fixed", "none"]

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
        delay_secs: Seconds: the base of the exponential policy, or the delay of the fixed one. Default 1.

    Raises:
        DeclarationError: ``delay_secs`` is negative, beyond a century, or not a number.
    """

    kind: PolicyKind = "exponential"
    delay_secs: float = 1.0

    def __post_init__(self) -> None:
        if isinstance(self.delay_secs, bool) or not isinstance(self.delay_secs, int | float):
            raise DeclarationError(f"retry_delay_secs must be a number of seconds, not {self.delay_secs!r}")
        if not 0 <= self.delay_secs <= LONGEST_DELAY_SECS:
            raise DeclarationError(f"retry_delay_secs must be between 0 seconds and a century, not {self.delay_secs!r}")

    @classmethod
    def named(cls, name: str, delay_secs: float, *, stacklevel: int = 2) -> RetryPolicy:
        """The policy of that name; an unknown name means exponential, and is warned of."""
        for kind in get_args(PolicyKind):
            if name == kind:
                return cls(kind, delay_secs)
        warnings.warn(
            f"unknown retry policy {name!r}: exponential is used (known: {', '.join(get_args(PolicyKind))})",
            stacklevel=stacklevel,
        )
        return cls("exponential", delay_secs)


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
