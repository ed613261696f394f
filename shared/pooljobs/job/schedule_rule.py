"""When something is due again and again: a value, checked. Pure: the clock is asked by whoever uses it.

Used at the declaration (``@app.job(cron=…)``), by the steward, and by the command line.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, Literal, get_args

from pooljobs.errors import OptionError
from pooljobs.job.options import check_name, seconds

CatchUp = Literal["last", "all", "none"]
Overlap = Literal["skip", "allow"]

if TYPE_CHECKING:
    from typing import TypedDict

    from pooljobs.job.cron import Cron

    class GivenRule(TypedDict, total=False):
        """``Schedule`` as keyword arguments."""

        cron: str | None
        every: float | timedelta | None
        tz: str
        jitter: float | timedelta
        catch_up: CatchUp
        overlap: Overlap


LONGEST_NAME: Final = 150
"""Characters of a schedule's name: it stands in the trace id of its jobs, with the tick."""

MOST_MISSED: Final = 100
"""Ticks that ``catch_up="all"`` catches up with: the latest ones."""

LATE: Final = timedelta(seconds=60)
"""With ``catch_up="none"``, what is later than this was missed."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_WINDOWS: Final = (timedelta(minutes=2), *(timedelta(days=days) for days in (1, 32, 366, 366 * 100)))
"""How far back to look for the latest ticks, one after the other until enough were found."""


@dataclass(frozen=True)
class Schedule:
    """One rule.

    Attributes:
        cron: Five fields, or a name such as ``@daily``. Excludes ``every``.
        every: Seconds between ticks, or a timedelta; at least 1. They are counted from 1970 in UTC, whoever counts.
        tz: Time zone of ``cron``. Default UTC.
        jitter: Seconds by which each job is put off at most; of one tick always by as much. Default 0.
        catch_up: Of the ticks missed while nobody was there: the ``last`` one (default), ``all`` (the latest 100), or
            ``none``. Of several, one can be enqueued where they may not overlap: the last.
        overlap: ``skip`` (default): no job while that of an earlier tick has not ended. ``allow``: each tick a job.

    Raises:
        OptionError: A value is none, or two contradict each other; the message names it.
    """

    cron: str | None = None
    _: KW_ONLY
    every: float | timedelta | None = None
    tz: str = "UTC"
    jitter: float | timedelta = 0.0
    catch_up: CatchUp = "last"
    overlap: Overlap = "skip"

    def __post_init__(self) -> None:
        if (self.cron is None) == (self.every is None):
            raise OptionError("a schedule has cron or every, one of them", hint="cron='0 3 * * *', or every=300")
        if self.every is not None and seconds("every", self.every) < 1:
            raise OptionError(f"every: {self.every!r} is less than a second", hint="give 1 or more")
        seconds("jitter", self.jitter)
        for name, value, known in (
            ("catch_up", self.catch_up, get_args(CatchUp)),
            ("overlap", self.overlap, get_args(Overlap)),
        ):
            if value not in known:
                raise OptionError(f"{name}: there is no {value!r:.80}", hint=f"it is one of {', '.join(known)}")
        if self.every is None:
            _ = self._parsed
        elif self.tz != "UTC":
            raise OptionError("tz is the zone of a cron expression, and every has none", hint="leave tz out")

    @cached_property
    def _parsed(self) -> Cron:
        from pooljobs.job.cron import Cron, zone_of  # of no use to an application without one

        return Cron(self.cron, zone_of(self.tz))

    def after(self, moment: datetime) -> datetime:
        """The first tick later than that, in UTC.

        Raises:
            OptionError: There is none.
        """
        if self.every is None:
            return self._parsed.after(moment)
        step = timedelta(seconds=seconds("every", self.every))
        try:
            return _EPOCH + ((moment - _EPOCH) // step + 1) * step
        except OverflowError:
            raise OptionError(f"every: no tick comes after {moment.isoformat(' ', 'minutes')}") from None

    def in_words(self) -> str:
        """For people.

        >>> Schedule("0 3 * * 1-5", tz="Europe/Berlin").in_words(), Schedule(every=5400).in_words()
        ('At 03:00 on Monday through Friday, Europe/Berlin', 'Every 1.5 h')
        """
        if self.every is None:
            return f"{self._parsed.in_words()}, {self.tz}"
        from pooljobs.ages import span  # for people alone

        return f"Every {span(seconds('every', self.every))}"

    def due(self, first: datetime, now: datetime) -> tuple[list[datetime], datetime]:
        """Of the ticks from ``first``, which is one, until now: those that are to be enqueued; and the next one.

        What comes next follows from the last tick and not from the time: a clock that is set back repeats nothing.
        Where their jobs may not overlap there is one at most, the latest.

        Raises:
            OptionError: No tick comes next.
        """
        passed: deque[datetime] = deque()
        most = MOST_MISSED if self.catch_up == "all" and self.overlap == "allow" else 1
        for window in _WINDOWS:
            begin = max(first, now - window)
            missed = [first] if begin == first else []
            passed = deque([*missed, *self._between(begin, now)], maxlen=most)
            if begin == first or len(passed) == most:
                break
        ticks = [tick for tick in passed if self.catch_up != "none" or now - tick < LATE]
        return ticks, self.after(passed[-1] if passed else now)

    def run_at(self, name: str, tick: datetime) -> datetime:
        """When the job of a tick is due: put off by a part of the jitter that is the same on every host."""
        digest = int.from_bytes(blake2b(f"{name}@{tick.isoformat()}".encode(), digest_size=8).digest())
        return tick + timedelta(seconds=seconds("jitter", self.jitter) * digest / 2**64)

    def _between(self, after: datetime, until: datetime) -> Iterator[datetime]:
        while (after := self.after(after)) <= until:
            yield after


def check_schedule_name(name: object) -> None:
    """Refuses what is no schedule's name.

    Raises:
        OptionError: It is empty, too long, or no text that can be stored.
    """
    check_name("the name of a schedule", name)
    if len(str(name)) > LONGEST_NAME:
        raise OptionError(f"the name of a schedule has at most {LONGEST_NAME} characters, not {len(str(name))}")


def trace_id_of(name: str, tick: datetime) -> str:
    """What the job of a tick bears as its trace id.

    >>> trace_id_of("report", datetime(2026, 3, 1, 2, tzinfo=UTC))
    'report@2026-03-01T02:00:00Z'
    """
    return f"{name}@{tick.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"


def tick_of(trace_id: str | None) -> datetime | None:
    """The tick that such a trace id names; None for another.

    >>> tick_of("report@2026-03-01T02:00:00Z"), tick_of("a@b"), tick_of(None)
    (datetime.datetime(2026, 3, 1, 2, 0, tzinfo=datetime.timezone.utc), None, None)
    """
    name, _, text = (trace_id or "").rpartition("@")
    if not name or not text.endswith("Z"):
        return None
    try:
        return datetime.fromisoformat(text[:-1]).replace(tzinfo=UTC)
    except ValueError:
        return None
