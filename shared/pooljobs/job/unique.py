"""What makes jobs unique: of one key, one job at a time. Declared with a handler, checked when it is imported."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import timedelta
from typing import Literal

from pooljobs.errors import DeclarationError, OptionError
from pooljobs.job.options import ON_CONFLICT, OnConflict, seconds
from pooljobs.job.unique_rule import UniqueRule


@dataclass(frozen=True, slots=True)
class Unique:
    """Of jobs of one type and one key there is one.

    Attributes:
        by: Fields of the payload that are the key; one that a payload has not counts as null. Default: all of it.
        until: ``end`` (default): the key is held while the job has not ended, however often it is run again. ``start``:
            while it has not begun, so that one waits beside those that run.
        within: Seconds, or a timedelta, from the enqueue, for which the key is held in any case; a job that failed or
            was cancelled frees it at once. Default: none.
        on_conflict: What becomes of an enqueue whose key is held. ``skip`` (default): the job that is there is kept.
            ``replace``: one that is pending gets the new payload, priority, time and number of runs. ``reschedule``: it
            gets the new time. ``raise``: JobExistsError.
    """

    by: Sequence[str] | None = None
    _: KW_ONLY
    until: Literal["end", "start"] = "end"
    within: float | timedelta | None = None
    on_conflict: OnConflict = "skip"

    def rule(self, job_type: str, fields: Collection[str] | None) -> UniqueRule:
        """What holds for jobs of a handler with these payload fields; None: any.

        Raises:
            DeclarationError: A value is none of those above, or a field of ``by`` is none of the payload.
        """
        by = _fields(job_type, "unique", self.by, fields)
        if self.until not in ("end", "start"):
            raise DeclarationError(f"{job_type}: unique: until must be 'end' or 'start', not {self.until!r:.80}")
        if self.on_conflict not in ON_CONFLICT:
            raise DeclarationError(
                f"{job_type}: unique: on_conflict must be 'skip', 'replace', 'reschedule' or 'raise', "
                f"not {self.on_conflict!r:.80}"
            )
        within = _secs(job_type, "unique: within", self.within)
        return UniqueRule(by, until_start=self.until == "start", within=within, on_conflict=self.on_conflict)


@dataclass(frozen=True, slots=True)
class Debounce:
    """A job waits until its key has been quiet: each enqueue puts it off, and gives it the newest payload.

    Attributes:
        by: As of ``Unique``.
        wait: Seconds, or a timedelta, from the last enqueue to the run. Default 5.
        most: Seconds, or a timedelta, from the first enqueue, after which nothing puts it off. Default: no such bound.
    """

    by: Sequence[str] | None = None
    _: KW_ONLY
    wait: float | timedelta = 5.0
    most: float | timedelta | None = None

    def rule(self, job_type: str, fields: Collection[str] | None) -> UniqueRule:
        """As ``Unique.rule``.

        Raises:
            DeclarationError: As there; or ``most`` is less than ``wait``.
        """
        by = _fields(job_type, "debounce", self.by, fields)
        wait = _secs(job_type, "debounce: wait", self.wait)
        most = _secs(job_type, "debounce: most", self.most)
        if wait is None or (most is not None and most < wait):
            raise DeclarationError(
                f"{job_type}: debounce: wait is a number of seconds, and most is not less: "
                f"not {self.wait!r:.40} and {self.most!r:.40}",
                hint="for example Debounce(wait=5, most=60)",
            )
        return UniqueRule(by, until_start=True, on_conflict="replace", wait=wait, most=most)


def rule_of(job_type: str, unique: object, debounce: object, fields: Collection[str] | None) -> UniqueRule | None:
    """What ``@app.job(unique=…, debounce=…)`` says; None: its jobs are not unique.

    Raises:
        DeclarationError: Both are given, or one is of another kind.
    """
    if unique is not False and debounce is not None:
        raise DeclarationError(
            f"{job_type}: unique and debounce exclude each other", hint="a debounced job is unique until it starts"
        )
    if debounce is not None:
        if isinstance(debounce, Debounce):
            return debounce.rule(job_type, fields)
        raise DeclarationError(f"{job_type}: debounce must be a Debounce(…), not {debounce!r:.80}")
    if unique is False:
        return None
    if isinstance(unique, Unique):
        return unique.rule(job_type, fields)
    if unique is True:
        return Unique().rule(job_type, fields)
    raise DeclarationError(f"{job_type}: unique must be True or a Unique(…), not {unique!r:.80}")


def _fields(job_type: str, what: str, by: object, fields: Collection[str] | None) -> tuple[str, ...] | None:
    if by is None:
        return None
    if not isinstance(by, list | tuple) or not by or not all(isinstance(name, str) for name in by):
        hint = "write it as by=('customer_id',)"
        raise DeclarationError(f"{job_type}: {what}: by must be a tuple of field names, not {by!r:.80}", hint=hint)
    for name in by:
        if fields is not None and name not in fields:
            hint = f"its payload has: {', '.join(sorted(fields)[:30]) or 'no fields'}"
            raise DeclarationError(f"{job_type}: {what}: by names {name:.80}, which is no field of it", hint=hint)
    return tuple(dict.fromkeys(by))


def _secs(job_type: str, what: str, value: object) -> float | None:
    try:
        return None if value is None else seconds(what, value)
    except OptionError as error:
        raise DeclarationError(f"{job_type}: {error}", hint=error.hint) from None
