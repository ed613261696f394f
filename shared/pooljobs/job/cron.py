"""Cron expressions: when they come next, in their zone's wall clock. cronsim reads them; used by ``schedule_rule.py``.

Clocks are put forward and back as Debian's cron treats it. A fixed time (neither minute nor hour begins with ``*``)
comes once a day: one that the clock leaps over at the first minute after the gap, one that comes twice the first time.
Anything else follows the wall clock: an hour that is left out has no ticks, one that comes twice has them twice.
The ticks are one set, whatever moment one asks from: of two hosts each finds the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from pooljobs.errors import OptionError

NAMES: Final = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}

LONGEST: Final = 200
"""Characters of an expression."""

_FORM: Final = "five fields, minute hour day month weekday, such as cron='0 3 * * *'"
_CURES: Final = {
    "minute": "minutes are 0 to 59: 30, 0,30, 10-20, */15",
    "hour": "hours are 0 to 23: 3, 9-17, */6",
    "day-of-month": "days are 1 to 31, L the last, LW the last from Monday to Friday; and their month must have them",
    "month": "months are 1 to 12 or JAN to DEC",
    "day-of-week": "weekdays are 0 to 7 or SUN to SAT, where 0 and 7 are Sunday; 5#2 is the second Friday, 5L the last",
}
_MINUTE: Final = timedelta(minutes=1)
_DAY: Final = timedelta(days=1)
_FARTHEST: Final = 50 * 366
"""Days that are looked through: 29 February on a certain weekday comes every 28 years, or once in 40."""


def zone_of(name: object) -> ZoneInfo:
    """The time zone of that name.

    Raises:
        OptionError: There is none.
    """
    try:
        return ZoneInfo(name)  # type: ignore[arg-type]  # whatever it is, it is refused here
    except (ValueError, KeyError, OSError, TypeError, AttributeError):
        hint = "take a name of the IANA list: UTC, Europe/Berlin, America/New_York"
        raise OptionError(f"tz: there is no time zone {name!r:.80}", hint=hint) from None


class Cron:
    """An expression in a zone.

    Raises:
        OptionError: It is none, or never comes; the message names the field, the hint what it may be.
    """

    def __init__(self, expression: object, zone: ZoneInfo) -> None:
        fields = _fields(expression)
        self._zone = zone
        self._parsed = _parse(expression, fields)
        self._fixed = not fields[0].startswith("*") and not fields[1].startswith("*")
        if next(self._days(date(2000, 1, 1)), None) is None:
            raise OptionError(f"cron: {expression!r} never comes", hint=_CURES["day-of-month"])

    def in_words(self) -> str:
        """Such as ``At 03:00 every day``."""
        return self._parsed.explain()

    def after(self, moment: datetime) -> datetime:
        """The first tick later than this moment, in UTC.

        Raises:
            OptionError: There is none that can be computed.
        """
        try:
            found = self._fixed_after(moment) if self._fixed else self._wall_after(moment)
        except (OverflowError, ValueError):
            found = None
        if found is None:
            raise OptionError(f"cron: no tick comes after {moment.isoformat(' ', 'minutes')}")
        return found

    def _fixed_after(self, moment: datetime) -> datetime | None:
        """From the day before: a whole day may have been left out of the calendar, and its ticks come in the next."""
        for day in self._days(moment.astimezone(self._zone).date() - _DAY):
            times = (time(hour, minute) for hour in self._parsed.hours for minute in self._parsed.minutes)
            ticks = [tick for at in times if (tick := self._instant(datetime.combine(day, at))) > moment]
            if ticks:
                return min(ticks)
        return None

    def _wall_after(self, moment: datetime) -> datetime | None:
        """Goes along in real time, and so past whatever the wall clock does: by minutes, quarters of an hour (all
        zones differ by such), and days.
        """
        at = moment.astimezone(UTC).replace(second=0, microsecond=0) + _MINUTE
        while True:
            wall = at.astimezone(self._zone)
            if not self._comes_on(wall.date()):
                day = next(self._days(wall.date() + _DAY), None)
                if day is None:
                    return None
                at = max(self._instant(datetime.combine(day, time())), at + _MINUTE)
            elif wall.hour not in self._parsed.hours:
                at += timedelta(minutes=15 - at.minute % 15)
            elif wall.minute not in self._parsed.minutes:
                at += _MINUTE
            else:
                return at

    def _days(self, first: date) -> Iterator[date]:
        """The days on which it comes."""
        for number in range(_FARTHEST):
            day = first + timedelta(days=number)
            if self._comes_on(day):
                yield day

    def _comes_on(self, day: date) -> bool:
        return day.month in self._parsed.months and self._parsed.match_day(day)

    def _instant(self, wall: datetime) -> datetime:
        """When the wall clock shows this for the first time, or what follows it where it is left out."""
        while True:
            at = wall.replace(tzinfo=self._zone).astimezone(UTC)
            if at.astimezone(self._zone).replace(tzinfo=None, fold=0) == wall:
                return at
            wall += _MINUTE


def _fields(expression: object) -> list[str]:
    if not isinstance(expression, str):
        raise OptionError(f"cron: an expression is text, not {expression!r:.80}", hint=f"write {_FORM}")
    named = NAMES.get(expression.strip().lower())
    fields = (named or expression).upper().split()
    if expression.strip().startswith("@") and named is None:
        hint = f"the names are {', '.join(NAMES)}; for an interval of seconds or minutes give every="
        raise OptionError(f"cron: there is no {expression!r:.80}", hint=hint)
    if len(fields) == len(_CURES) + 1:
        hint = "leave the seconds out; for what comes several times a minute give every= in seconds"
        raise OptionError(f"cron: {expression!r:.80} has six fields", hint=hint)
    if len(fields) != len(_CURES):
        raise OptionError(f"cron: {expression!r:.80} has {len(fields)} fields", hint=f"write {_FORM}")
    if len(expression) > LONGEST:
        hint = f"at most {LONGEST} are taken: write a range, or a step such as */5"
        raise OptionError(f"cron: {expression!r:.80} has {len(expression)} characters", hint=hint)
    return fields


def _parse(expression: object, fields: list[str]) -> CronSim:
    try:
        return CronSim(" ".join(fields), datetime(2000, 1, 1, tzinfo=UTC))
    except CronSimError as error:
        name = str(error).removeprefix("Bad ")
        wrong = dict(zip(_CURES, fields, strict=True)).get(name)
        told = f"cron: {expression!r:.80} cannot be read" if wrong is None else f"cron: {wrong!r} is no {name}"
        raise OptionError(f"{told}, in {expression!r:.80}", hint=_CURES.get(name, f"write {_FORM}")) from None
    except (AssertionError, ValueError, TypeError, RecursionError):  # what it does not foresee, such as 'L-3'
        raise OptionError(f"cron: {expression!r:.80} cannot be read", hint=f"write {_FORM}") from None
