"""Types under suspicion: from a crash until a job of the type ended well, or until long after the last crash."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pooljobs.scoreboard import Scoreboard
from pooljobs.scoreboard.suspect_types import LASTS, PLACES, SuspectTypes

LASTS_NS = int(LASTS * 1e9)
NAMES = [f"type {number}" for number in range(PLACES + 2)]


@pytest.fixture
def types() -> Iterator[SuspectTypes]:
    with closing(Scoreboard.create(1, 1)) as board:
        yield board.suspect_types


def test_a_type_is_under_suspicion_until_one_of_it_ended_well(types: SuspectTypes) -> None:
    assert not types.any(1)
    types.add("bad", 10)
    types.add("bad", 20)
    assert types.any(20)
    assert types.since("bad", 20) == 10, "the first crash counts"
    assert types.since("ok", 20) == 0
    types.clear("ok")
    assert types.since("bad", 20) == 10
    types.clear("bad")
    assert types.since("bad", 20) == 0
    types.add("bad", 30)
    assert types.since("bad", 30) == 30, "it begins anew"


def test_a_suspicion_ends_some_time_after_the_last_crash(types: SuspectTypes) -> None:
    types.add("bad", 10)
    types.add("bad", 20)
    assert types.since("bad", 19 + LASTS_NS) == 10
    assert types.any(19 + LASTS_NS)
    assert types.since("bad", 20 + LASTS_NS) == 0
    assert not types.any(20 + LASTS_NS)


def test_the_slots_are_not_touched() -> None:
    with closing(Scoreboard.create(2, 3)) as board:
        for name in NAMES:
            board.suspect_types.add(name, 5)
        assert all(not any(slot.words) for slot in board)


class Suspicions(RuleBasedStateMachine):
    """Against the plain words of what they are; of too many at a time, the one whose crash is the oldest gives way."""

    def __init__(self) -> None:
        super().__init__()
        self.board = Scoreboard.create(1, 1)
        self.now_ns = 1
        self.first: dict[str, int] = {}
        self.last: dict[str, int] = {}

    def standing(self) -> list[str]:
        return [name for name, last_ns in self.last.items() if self.now_ns < last_ns + LASTS_NS]

    @rule(name=st.sampled_from(NAMES))
    def crash(self, name: str) -> None:
        self.now_ns += 1
        self.board.suspect_types.add(name, self.now_ns)
        if name not in self.standing():
            self.first[name] = self.now_ns
        self.last[name] = self.now_ns
        if len(standing := self.standing()) > PLACES:
            del self.last[min(standing, key=self.last.__getitem__)]

    @rule(name=st.sampled_from(NAMES))
    def end_well(self, name: str) -> None:
        self.board.suspect_types.clear(name)
        self.last.pop(name, None)

    @rule(share=st.sampled_from([0.1, 0.5, 1.0]))
    def time_goes_by(self, share: float) -> None:
        self.now_ns += int(share * LASTS_NS)

    @invariant()
    def those_are_under_suspicion_that_should_be(self) -> None:
        types, standing = self.board.suspect_types, self.standing()
        assert {name: types.since(name, self.now_ns) for name in NAMES} == {
            name: self.first[name] if name in standing else 0 for name in NAMES
        }
        assert types.any(self.now_ns) or not standing

    def teardown(self) -> None:
        self.board.close()


TestSuspicions = Suspicions.TestCase
TestSuspicions.settings = settings(max_examples=80, stateful_step_count=30)
