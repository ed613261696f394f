"""One suspect at a time in a fleet, with half of its workers up; whoever dies, nobody waits for ever."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pooljobs.scoreboard import Role, Scoreboard, Slot, SlotState
from pooljobs_worker.claims.claimed_job import ClaimedJob
from pooljobs_worker.execution.suspect_turn import EACH, LONGEST, SOONEST, SuspectTurn, free

WORKERS = 4
NOW_NS = 1_000_000_000_000
HELD_NS = int(LONGEST * 1e9)


@pytest.fixture
def board() -> Iterator[Scoreboard]:
    with closing(Scoreboard.create(WORKERS + 1, 1)) as made:
        for ordinal, slot in enumerate(made):
            slot.role = Role.WORKER if ordinal else Role.STEWARD
            slot.ordinal = ordinal
            slot.state = SlotState.READY
        yield made


def job(job_type: str, *, suspect: bool = False, by_type: bool = False) -> ClaimedJob:
    return ClaimedJob(b"", 1, 1, job_type, {}, 0, 3, "default", 0, None, suspect=suspect, by_type=by_type)


def may_begin(board: Scoreboard, now_ns: int = NOW_NS) -> bool:
    """Whether worker 1 may."""
    return free([slot for slot in board if slot.index != 1], 1, now_ns)


def test_one_runs_at_a_time_and_a_long_run_lets_others_begin(board: Scoreboard) -> None:
    assert may_begin(board)
    board.slot(2).suspect_since_ns = NOW_NS
    assert not may_begin(board)
    assert not may_begin(board, NOW_NS + HELD_NS - 1)
    assert may_begin(board, NOW_NS + HELD_NS)


def test_who_died_in_its_turn_has_it_until_the_steward_is_done(board: Scoreboard) -> None:
    slot = board.slot(2)
    slot.suspect_since_ns, slot.died_ns, slot.state = NOW_NS, NOW_NS, SlotState.DEAD
    assert not may_begin(board)
    assert may_begin(board, NOW_NS + HELD_NS)
    slot.clear()
    assert may_begin(board)


@pytest.mark.parametrize(("missing", "may"), [(0, True), (1, True), (2, False), (3, False)])
@pytest.mark.parametrize("state", [SlotState.DEAD, SlotState.BOOTING])
def test_half_of_the_workers_are_left_if_this_one_goes_too(
    board: Scoreboard, missing: int, state: SlotState, *, may: bool
) -> None:
    for index in range(2, 2 + missing):
        slot = board.slot(index)
        slot.died_ns = slot.heartbeat_ns = NOW_NS
        slot.state = state
    assert may_begin(board) is may
    assert may_begin(board, NOW_NS + HELD_NS), "who is missing for so long holds nobody up"


def test_a_replacement_that_boots_beside_its_dead_forerunner_is_one_missing_worker(board: Scoreboard) -> None:
    for index, state in ((2, SlotState.DEAD), (3, SlotState.BOOTING)):
        slot = board.slot(index)
        slot.ordinal, slot.died_ns, slot.heartbeat_ns, slot.state = 2, NOW_NS, NOW_NS, state
    assert may_begin(board)


def test_a_lone_worker_may() -> None:
    with closing(Scoreboard.create(2, 1)) as board:
        board.slot(0).role, board.slot(0).state = Role.STEWARD, SlotState.READY
        assert free([board.slot(0)], 1, NOW_NS)


def test_who_makes_way_stays_away_the_longer_the_longer_the_other_has_run(board: Scoreboard) -> None:
    turn, suspect = SuspectTurn(board, board.slot(1)), job("deadly", suspect=True)
    assert all(SOONEST <= turn.away(suspect, 3) <= SOONEST + 3 * EACH for _ in range(50))
    board.slot(2).suspect_since_ns = time.monotonic_ns() - 10_000_000_000
    assert all(turn.away(suspect, 1) >= SOONEST + 5.0 for _ in range(50))
    board.slot(2).suspect_since_ns = 1
    assert all(turn.away(suspect, 1) <= SOONEST + EACH + LONGEST / 2 for _ in range(50))


def test_jobs_of_a_type_under_suspicion_are_suspects_and_last_until_one_came_back(board: Scoreboard) -> None:
    turn, now_ns = SuspectTurn(board, board.slot(1)), time.monotonic_ns()
    jobs = [job("bad"), job("ok"), job("bad", suspect=True), job("bad"), job("ok")]
    assert turn.marked(jobs) is jobs, "nothing is under suspicion"
    board.suspect_types.add("bad", now_ns)
    marked = turn.marked(jobs)
    assert [(each.job_type, each.suspect, each.by_type) for each in marked] == [
        *(("ok", False, False), ("ok", False, False), ("bad", True, False), ("bad", True, True), ("bad", True, True))
    ]
    turn.came_back(job("ok"), now_ns)
    turn.look_again(marked[3])
    assert marked[3].suspect, "another type's job tells nothing"
    turn.came_back(job("bad"), now_ns)
    for each in marked[2:]:
        turn.look_again(each)
    assert [each.suspect for each in marked[2:]] == [True, False, False], "one that crashed itself is not cleared"


def test_while_a_suspicion_is_fresh_its_jobs_do_not_stay_away_for_long(board: Scoreboard) -> None:
    turn, (suspect,) = SuspectTurn(board, board.slot(1)), [job("bad", suspect=True, by_type=True)]
    assert turn.away(suspect, 1000) == SOONEST, "cleared meanwhile"
    board.suspect_types.add("bad", time.monotonic_ns() - 2_000_000_000)
    aways = [turn.away(suspect, 1000) for _ in range(200)]
    assert max(aways) > 1.0
    assert max(aways) <= SOONEST + (time.monotonic_ns() - board.suspect_types.since("bad", time.monotonic_ns())) / 1e9
    assert max(turn.away(suspect, 1) for _ in range(200)) <= SOONEST + EACH


class Workers(RuleBasedStateMachine):
    """Workers take turns, die in them, and come again; a steward buries when it likes."""

    def __init__(self) -> None:
        super().__init__()
        self.board = Scoreboard.create(2 * WORKERS, 1)
        self.rotation: dict[int, SuspectTurn] = {}
        for ordinal in range(1, WORKERS + 1):
            self.come(self.board.slot(ordinal - 1), ordinal)

    def come(self, slot: Slot, ordinal: int) -> None:
        slot.role, slot.ordinal, slot.state = Role.WORKER, ordinal, SlotState.READY
        self.rotation[slot.index] = SuspectTurn(self.board, slot)

    def having(self, state: SlotState) -> list[Slot]:
        return [slot for slot in self.board if slot.state is state]

    @precondition(lambda self: self.having(SlotState.READY))
    @rule(data=st.data())
    def take(self, data: st.DataObject) -> None:
        slot = data.draw(st.sampled_from(self.having(SlotState.READY)))
        if not slot.suspect_since_ns:
            others = [other for other in self.board if other is not slot]
            idle = not any(other.suspect_since_ns for other in others)
            whole = all(other.state in (SlotState.READY, SlotState.FREE) for other in others)
            taken = self.rotation[slot.index].take()
            assert taken or not (idle and whole), "nobody was in the way"
            assert not taken or idle

    @precondition(lambda self: self.having(SlotState.READY))
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        slot = data.draw(st.sampled_from(self.having(SlotState.READY)))
        self.rotation[slot.index].leave()

    @precondition(lambda self: self.having(SlotState.READY))
    @rule(data=st.data())
    def die(self, data: st.DataObject) -> None:
        slot = data.draw(st.sampled_from(self.having(SlotState.READY)))
        slot.died_ns = time.monotonic_ns()
        slot.state = SlotState.DEAD

    @precondition(lambda self: self.having(SlotState.DEAD))
    @rule(data=st.data())
    def bury(self, data: st.DataObject) -> None:
        slot = data.draw(st.sampled_from(self.having(SlotState.DEAD)))
        ordinal = slot.ordinal
        slot.clear()
        self.come(slot, ordinal)

    @invariant()
    def one_at_a_time(self) -> None:
        assert sum(bool(slot.suspect_since_ns) for slot in self.board) <= 1

    def teardown(self) -> None:
        """When the dead are buried and nobody runs one any more, anybody may."""
        for slot in self.having(SlotState.DEAD):
            ordinal = slot.ordinal
            slot.clear()
            self.come(slot, ordinal)
        for slot in self.having(SlotState.READY):
            self.rotation[slot.index].leave()
        assert all(self.rotation[slot.index].free() for slot in self.having(SlotState.READY))
        self.board.close()


TestWorkers = Workers.TestCase
TestWorkers.settings = settings(max_examples=60, stateful_step_count=30)
