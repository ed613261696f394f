"""The books: places, failed starts in a row, slow boots."""

from __future__ import annotations

import pytest

from pooljobs.scoreboard import Role
from pooljobs_supervisor.fleet.children import STEWARD, ChildRecord, Children, Position

ONE, TWO = Position(Role.WORKER, 1), Position(Role.WORKER, 2)


def test_vacant_places_are_the_stewards_and_then_the_workers() -> None:
    children = Children(2)
    assert children.vacant() == [STEWARD, ONE, TWO]
    children.forked(ChildRecord(ONE, pid=10, slot=0, forked=0.0))
    assert children.vacant() == [STEWARD, TWO]
    assert children.slots == {0}
    children.forked(ChildRecord(STEWARD, pid=11, slot=1, forked=0.0))
    assert children.steward is not None
    assert [child.pid for child in children.workers] == [10]


@pytest.mark.parametrize(
    "other",
    [
        ChildRecord(ONE, 11, slot=1, forked=0.0),
        ChildRecord(TWO, 10, slot=1, forked=0.0),
        ChildRecord(TWO, 11, slot=0, forked=0.0),
    ],
    ids=["position", "pid", "slot"],
)
def test_a_place_a_pid_and_a_slot_belong_to_one_child(other: ChildRecord) -> None:
    children = Children(2)
    children.forked(ChildRecord(ONE, pid=10, slot=0, forked=0.0))
    with pytest.raises(ValueError, match="collides"):
        children.forked(other)


def test_the_first_failed_start_is_repeated_at_once_and_the_next_ones_later() -> None:
    children = Children(1)
    waits = []
    for _ in range(4):
        children.forked(ChildRecord(ONE, pid=10, slot=0, forked=100.0))
        assert children.died(10, now=101.0).position == ONE
        waits.append(round(children.due(ONE) - 101.0, 3))
    assert waits == [0.0, 0.1, 0.2, 0.4]
    assert children.failed_starts(ONE) == 4


@pytest.mark.parametrize("position", [ONE, STEWARD])
@pytest.mark.parametrize("noted", [True, False])
def test_who_came_up_is_replaced_at_once_however_often_and_soon_it_dies(position: Position, *, noted: bool) -> None:
    children = Children(1)
    for _ in range(5):
        children.fork_failed(position, now=0.0)
    assert children.due(position) > 0.5
    for death in range(20):
        forked = 100.0 + death / 10
        children.forked(ChildRecord(position, pid=10, slot=0, forked=forked, ready_at=forked if noted else None))
        dead = children.died(10, now=forked + 0.01, came_up=True)
        assert dead.ready_at is not None
        assert children.due(position) == forked + 0.01
        assert children.failed_starts(position) == 0


def test_one_places_deaths_do_not_delay_another() -> None:
    children = Children(2)
    for _ in range(5):
        children.fork_failed(ONE, now=50.0)
    assert children.due(ONE) > 50.0
    assert children.due(TWO) < 50.0


def test_the_number_of_workers_can_change_within_its_bounds() -> None:
    children = Children(1, most=2)
    children.forked(ChildRecord(ONE, pid=10, slot=0, forked=0.0))
    assert children.resize(2)
    assert children.vacant() == [STEWARD, TWO]
    children.forked(ChildRecord(TWO, pid=11, slot=1, forked=0.0))
    assert not children.resize(3)
    assert children.resize(1)
    assert [child.pid for child in children.surplus] == [11]
    assert not children.resize(0)
    assert children.procs == 1


def test_places_are_called_as_people_call_them() -> None:
    assert [str(STEWARD), str(TWO)] == ["steward", "worker 2"]
