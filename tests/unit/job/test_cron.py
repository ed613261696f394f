"""Cron expressions: against a slow oracle in zones where the clock changes, and what is refused and why."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pooljobs.errors import OptionError
from pooljobs.job.cron import Cron, zone_of

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
MINUTE = timedelta(minutes=1)


def values(field: str, first: int, last: int) -> set[int]:
    """What a field of numbers stands for."""
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        low, _, high = span.partition("-")
        begin = first if low == "*" else int(low)
        end = last if low == "*" or (step and not high) else int(high or low)
        found.update(range(begin, end + 1, int(step or 1)))
    return found


def wanted(expression: str, zone: ZoneInfo, begin: datetime, end: datetime) -> list[datetime]:
    """Minute by minute: the oracle. Times that are fixed count once, what is left out counts when the gap is over."""
    minute, hour, day, month, weekday = expression.split()
    minutes, hours, days, months = (
        values(minute, 0, 59),
        values(hour, 0, 23),
        values(day, 1, 31),
        values(month, 1, 12),
    )
    weekdays = {number % 7 for number in values(weekday, 0, 7)}

    def fits(wall: datetime) -> bool:
        by_day, by_weekday = wall.day in days, wall.isoweekday() % 7 in weekdays
        both = day.startswith("*") or weekday.startswith("*")
        on_day = (by_day and by_weekday) if both else (by_day or by_weekday)
        return wall.minute in minutes and wall.hour in hours and wall.month in months and on_day

    fixed = not minute.startswith("*") and not hour.startswith("*")
    ticks: set[datetime] = set()
    shown: set[datetime] = set()
    at = begin - timedelta(days=2)
    latest = at.astimezone(zone).replace(tzinfo=None, fold=0) - MINUTE
    while at <= end:
        wall = at.astimezone(zone).replace(tzinfo=None, fold=0)
        if not fixed:
            if fits(wall):
                ticks.add(at)
        else:
            left_out = latest + MINUTE
            while left_out < wall:  # a gap: what it swallowed comes now
                if fits(left_out):
                    ticks.add(at)
                left_out += MINUTE
            if fits(wall) and wall not in shown:
                ticks.add(at)
            latest = max(latest, wall)
            shown.add(wall)
        at += MINUTE
    return sorted(tick for tick in ticks if begin < tick <= end)


def told(cron: Cron, begin: datetime, end: datetime) -> list[datetime]:
    ticks, at = [], begin
    while (at := cron.after(at)) <= end:
        ticks.append(at)
    return ticks


def changes(zone: ZoneInfo, year: int) -> list[datetime]:
    """The hours of a year in which the zone's clock is set."""
    hours = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(hours=number) for number in range(366 * 24)]
    offsets = [hour.astimezone(zone).utcoffset() for hour in hours]
    return [hour for hour, before, after in zip(hours[1:], offsets, offsets[1:], strict=False) if before != after]


FIELD = [
    st.sampled_from(["*", "*/5", "*/15", "*/7", "0", "30", "59", "0,30", "5-20", "3,33", "10/20"]),
    st.sampled_from(["*", "*/2", "*/6", "0", "1", "2", "3", "0-3", "1,2,3", "23", "2-23/3"]),
    st.sampled_from(["*", "*", "*", "*/2", "1-31", "8-14", "25-31,1-7"]),
    st.just("*"),
    st.sampled_from(["*", "*", "*", "0", "6", "7", "1-5"]),
]
EXPRESSIONS = st.tuples(*FIELD).map(" ".join)
ODD = ["Australia/Lord_Howe", "Africa/Cairo", "Asia/Beirut", "America/Havana", "Antarctica/Troll", "Asia/Gaza"]
ZONES = st.one_of(
    st.sampled_from([*ODD, "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Pacific/Chatham"]),
    st.sampled_from(sorted(name for name in available_timezones() if "/" in name)),
)


@settings(max_examples=25, deadline=None)
@given(EXPRESSIONS, ZONES, st.sampled_from([2016, 2018, 2024, 2026, 2027, 2036]), st.integers(0, 1))
def test_around_each_change_of_a_clock_it_finds_what_going_minute_by_minute_finds(
    expression: str, name: str, year: int, which: int
) -> None:
    zone = ZoneInfo(name)
    at = changes(zone, year)
    assume(at)
    begin = at[min(which, len(at) - 1)] - timedelta(hours=30)
    end = begin + timedelta(hours=60)
    assert told(Cron(expression, zone), begin, end) == wanted(expression, zone, begin, end)


@settings(max_examples=50, deadline=None)
@given(EXPRESSIONS, ZONES, st.integers(10**9, 2 * 10**9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)))
def test_what_comes_next_is_later_and_does_not_depend_on_whom_one_asks(
    expression: str, name: str, moment: datetime
) -> None:
    cron = Cron(expression, ZoneInfo(name))
    first = cron.after(moment)
    second = cron.after(first)
    assert moment < first < second
    assert cron.after(first - MINUTE / 2) == first
    assert cron.after(second - MINUTE / 2) == second


@pytest.mark.parametrize(
    ("expression", "zone", "day", "times"),
    [
        ("30 2 * * *", BERLIN, date(2026, 3, 29), ["03:00+0200"]),
        ("30 2 * * *", BERLIN, date(2026, 10, 25), ["02:30+0200"]),
        ("30 1 * * *", NEW_YORK, date(2026, 11, 1), ["01:30-0400"]),
        ("0,30 2 * * *", BERLIN, date(2026, 3, 29), ["03:00+0200"]),
        ("*/15 2 * * *", BERLIN, date(2026, 3, 29), []),
        ("*/30 2 * * *", BERLIN, date(2026, 10, 25), ["02:00+0200", "02:30+0200", "02:00+0100", "02:30+0100"]),
        ("0 1-3 * * *", BERLIN, date(2026, 3, 29), ["01:00+0100", "03:00+0200"]),
        ("*/30 5 * * *", ZoneInfo("Australia/Lord_Howe"), date(2026, 10, 4), ["05:00+1100", "05:30+1100"]),
        ("0 0 L * *", BERLIN, date(2028, 2, 29), ["00:00+0100"]),
        ("0 9 * * FRI#2", BERLIN, date(2026, 11, 13), ["09:00+0100"]),
        ("@weekly", BERLIN, date(2026, 11, 29), ["00:00+0100"]),
    ],
)
def test_on_days_that_are_told_of(expression: str, zone: ZoneInfo, day: date, times: list[str]) -> None:
    begin = datetime(day.year, day.month, day.day, tzinfo=zone) - timedelta(seconds=1)
    ticks = told(Cron(expression, zone), begin.astimezone(UTC), begin.astimezone(UTC) + timedelta(hours=24))
    assert [f"{tick.astimezone(zone):%H:%M%z}" for tick in ticks if tick.astimezone(zone).date() == day] == times


@pytest.mark.parametrize(
    ("expression", "told_of", "cure"),
    [
        ("0 25 * * *", "'25' is no hour", "0 to 23"),
        ("61 * * * *", "'61' is no minute", "0 to 59"),
        ("0 0 * FOO *", "'FOO' is no month", "JAN to DEC"),
        ("0 0 * * 9", "'9' is no day-of-week", "SUN to SAT"),
        ("0 0 30 2 *", "no day-of-month", "their month must have them"),
        ("0 0 31 4,6 *", "no day-of-month", "their month must have them"),
        ("*/0 * * * *", "is no minute", "*/15"),
        ("5-1 * * * *", "is no minute", "*/15"),
        ("0 0 L-3 * *", "no day-of-month", "L the last"),
        ("*/7 * * * * *", "six fields", "every="),
        ("* * * *", "4 fields", "five fields"),
        ("", "0 fields", "five fields"),
        ("@reboot", "there is no '@reboot'", "@daily"),
        ("٣ * * * *", "is no minute", "0 to 59"),
        (7, "is text", "five fields"),
        ("0 " * 300, "fields", "five fields"),
        ("1," * 100 + "1 * * * *", "209 characters", "write a range"),
    ],
)
def test_what_is_none_is_refused_with_the_field_and_a_cure(expression: object, told_of: str, cure: str) -> None:
    with pytest.raises(OptionError) as refused:
        Cron(expression, BERLIN)
    assert told_of in str(refused.value)
    assert cure in str(refused.value.hint)


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "Europe", "../etc", "\0", "\udc00", None, 3, "Europe/Berlin "])
def test_a_zone_that_is_none_is_refused(name: object) -> None:
    with pytest.raises(OptionError, match="there is no time zone"):
        zone_of(name)


def test_what_never_comes_is_refused_and_what_comes_every_28_years_is_found() -> None:
    assert Cron("0 0 29 2 */7", BERLIN).after(datetime(2026, 1, 1, tzinfo=UTC)).year == 2032
    with pytest.raises(OptionError, match=r"never comes|day-of-month"):
        Cron("0 0 31 2-2 *", BERLIN)
