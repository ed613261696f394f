"""Schedules as values: what is due, what comes next, what was missed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pooljobs.errors import OptionError
from pooljobs.job.schedule_rule import MOST_MISSED, Schedule, check_schedule_name, tick_of, trace_id_of

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MOMENTS = st.integers(10**15, 2 * 10**15).map(lambda micros: datetime.fromtimestamp(micros / 10**6, UTC))
CATCH_UP, OVERLAP = st.sampled_from(["last", "all", "none"]), st.sampled_from(["allow", "skip"])
RULES = st.one_of(
    st.builds(Schedule, every=st.floats(1, 10**6), catch_up=CATCH_UP, overlap=OVERLAP),
    st.builds(
        Schedule,
        cron=st.sampled_from(["* * * * *", "*/7 2 * * *", "30 2 * * *", "0 0 1 * *", "0 0 29 2 *", "0 12 * * 5#2"]),
        tz=st.sampled_from(["UTC", "Europe/Berlin", "Australia/Lord_Howe"]),
        catch_up=CATCH_UP,
        overlap=OVERLAP,
    ),
)


@settings(max_examples=60, deadline=None)
@given(RULES, MOMENTS, st.timedeltas(timedelta(0), timedelta(days=40)))
def test_of_what_was_missed_it_takes_the_last_or_all_or_none_and_goes_on_from_there(
    rule: Schedule, before: datetime, away: timedelta
) -> None:
    first = rule.after(before)
    now = first + away
    every_one, at = [first], first
    while len(every_one) < 10**5 and (at := rule.after(at)) <= now:
        every_one.append(at)
    if at <= now:
        return
    expected = {
        "last": every_one[-1:],
        "all": every_one[-MOST_MISSED if rule.overlap == "allow" else -1 :],
        "none": [tick for tick in every_one[-1:] if now - tick < timedelta(seconds=60)],
    }
    assert rule.due(first, now) == (expected[rule.catch_up], at)


@given(RULES, MOMENTS)
def test_what_comes_next_grows(rule: Schedule, moment: datetime) -> None:
    first = rule.after(moment)
    assert moment < first < rule.after(first)


@pytest.mark.parametrize("first", [datetime(1, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, 0, 0, 3, tzinfo=UTC)])
@pytest.mark.parametrize("catch_up", ["last", "all"])
@pytest.mark.parametrize("rule", [{"every": 1}, {"cron": "* * * * *"}, {"cron": "0 0 29 2 *"}])
def test_a_beginning_that_somebody_wrote_by_hand_costs_no_eternity(
    first: datetime, catch_up: Any, rule: dict[str, Any]
) -> None:
    ticks, following = Schedule(**rule, catch_up=catch_up, overlap="allow").due(first, NOON)
    assert 1 <= len(ticks) <= MOST_MISSED
    assert ticks[-1] <= NOON < following


def test_intervals_are_counted_from_1970_whoever_asks() -> None:
    assert Schedule(every=300).after(NOON + SECOND) == NOON + timedelta(minutes=5)
    assert Schedule(every=timedelta(days=1)).after(NOON) == datetime(2026, 12, 1, tzinfo=UTC)


@given(st.floats(0, 1000), MOMENTS)
def test_jitter_puts_a_tick_off_by_as_much_on_each_host(jitter: float, tick: datetime) -> None:
    rule = Schedule(every=60, jitter=jitter)
    assert tick <= rule.run_at("a", tick) <= tick + timedelta(seconds=jitter)
    assert rule.run_at("a", tick) == rule.run_at("a", tick)


def test_jitter_spreads() -> None:
    rule = Schedule(every=60, jitter=60)
    late = {rule.run_at(f"s{number}", NOON) for number in range(20)}
    assert len(late) == 20
    assert max(late) - min(late) > timedelta(seconds=30)


@pytest.mark.parametrize(
    ("given_", "told"),
    [
        ({}, "cron or every"),
        ({"cron": "@daily", "every": 60}, "cron or every"),
        ({"every": 0.5}, "every: 0.5"),
        ({"every": -1}, "every must be"),
        ({"every": float("nan")}, "every must be"),
        ({"every": 10**400}, "every must be"),
        ({"every": "5m"}, "every must be"),
        ({"every": 60, "tz": "Europe/Berlin"}, "tz is the zone of a cron"),
        ({"cron": "@daily", "tz": "Mars"}, "tz: there is no time zone 'Mars'"),
        ({"cron": "0 3 * *"}, "cron: '0 3 \\* \\*' has 4 fields"),
        ({"every": 60, "jitter": -1}, "jitter must be"),
        ({"every": 60, "catch_up": "some"}, "catch_up: there is no 'some'"),
        ({"every": 60, "overlap": ["x"]}, "overlap: there is no"),
    ],
)
def test_what_contradicts_itself_is_refused_by_name(given_: dict[str, Any], told: str) -> None:
    with pytest.raises(OptionError, match=told):
        Schedule(**given_)


@given(st.text(min_size=1, max_size=150), MOMENTS)
def test_a_tick_is_read_from_the_trace_id_that_names_it(name: str, tick: datetime) -> None:
    assert tick_of(trace_id_of(name, tick)) == tick
    assert len(trace_id_of(name, tick)) <= 200


@pytest.mark.parametrize("text", [None, "", "a", "a@b", "@2026-03-01T02:00:00Z", "a@2026-03-01T02:00:00", "a@nowZ"])
def test_other_trace_ids_name_none(text: str | None) -> None:
    assert tick_of(text) is None


def test_names_have_room_for_the_tick() -> None:
    check_schedule_name("n" * 150)
    for name in ("n" * 151, "", None, "\0"):
        with pytest.raises(OptionError, match="name of a schedule"):
            check_schedule_name(name)
