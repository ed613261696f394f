from __future__ import annotations

from itertools import pairwise

from pooljobs_cli.chaos.schedule import ONLY_OWN_SERVER, ONLY_POOLER, ChaosEvent, Kind, bag, schedule


def plan(seed: int, duration: float = 60.0) -> list[ChaosEvent]:
    return list(schedule(seed, bag(own_server=True, pooler=True), duration=duration, hosts=2, lease=3.0))


def test_a_seed_gives_one_plan_and_another_seed_another() -> None:
    assert plan(1) == plan(1)
    assert plan(1) != plan(2)


def test_a_longer_run_begins_as_a_shorter_one() -> None:
    assert plan(1, 90.0)[: len(plan(1))] == plan(1)


def test_events_come_in_order_within_the_duration_and_every_kind_comes() -> None:
    events = plan(3)
    assert all(before.at < after.at for before, after in pairwise(events))
    assert events[-1].at < 60.0
    assert {event.kind for event in events} == set(Kind)
    assert {event.host for event in events} == {0, 1}
    assert any(event.seconds > 3.0 for event in events if event.kind is Kind.STOP_WORKER)


def test_a_server_of_others_is_neither_crashed_nor_filled() -> None:
    assert set(bag(own_server=False, pooler=True)) == set(Kind) - ONLY_OWN_SERVER


def test_a_pooler_is_killed_only_where_there_is_one() -> None:
    assert set(bag(own_server=True)) == set(Kind) - ONLY_POOLER


def test_only_what_was_asked_for_is_done() -> None:
    assert set(bag(own_server=True, only=(Kind.STOP_HOST,))) == {Kind.STOP_HOST}
    assert list(schedule(1, (), duration=60.0, hosts=1, lease=3.0)) == []
