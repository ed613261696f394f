"""When jobs that wait go back, and that each job goes to one side only."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import uuid4

import pytest

from pooljobs.job.paused import NOTHING, Paused
from pooljobs.job.verdict import Settlement, Verdict
from pooljobs.process.child import Child
from pooljobs.scoreboard import Role, Scoreboard, SlotState, Wanted
from pooljobs_worker.claims.claimed_job import ClaimedJob
from pooljobs_worker.execution.backlog import UnstartedJobs
from pooljobs_worker.execution.rebalance import PATIENCE_NS, Rebalancer, overdue

LATE = PATIENCE_NS + 1


def job(entry: int = 0) -> ClaimedJob:
    return ClaimedJob(uuid4().bytes, 1, 1, "noop", {}, 0, 3, "default", 0, None, entry=entry)


@pytest.mark.parametrize(
    ("taken_ago", "begun_ago", "idles", "expected"),
    [
        (0, 0, True, False),
        (PATIENCE_NS, PATIENCE_NS, True, False),
        (LATE, LATE, False, True),  # one slow job: whoever takes the others
        (LATE, 1, True, True),  # many that are not quick: only where somebody here is idle
        (LATE, 1, False, False),
    ],
)
def test_jobs_go_back_when_none_begins_or_somebody_idles(
    taken_ago: int, begun_ago: int, *, idles: bool, expected: bool
) -> None:
    now = 10 * PATIENCE_NS
    assert overdue(now, now - taken_ago, now - begun_ago, lambda: idles) is expected


@dataclass
class Collected:
    """A settler's part that relief uses."""

    added: list[tuple[Settlement, int]] = field(default_factory=list)
    flushes: int = 0

    def add(self, settlement: Settlement, entry: int) -> None:
        self.added.append((settlement, entry))

    def flush(self) -> None:
        self.flushes += 1


class Host:
    """Two workers of a board, seen by the first, which has a backlog of three."""

    def __init__(self, board: Scoreboard) -> None:
        self.own, self.sibling = board.slot(0), board.slot(1)
        for slot in board:
            slot.role, slot.state = Role.WORKER, SlotState.READY
        self.settler = Collected()
        self.backlog = UnstartedJobs()
        self.backlog.take([job(entry) for entry in range(3)], 0)
        self.given_back = 0
        child = Child(board, self.own, lifeline_fd=-1, parent_pid=0)
        self.paused = NOTHING
        self.rebalancer = Rebalancer(
            child, self.settler, backlog=self.backlog, paused=lambda: self.paused, given_back=self._count
        )

    def _count(self, jobs: object) -> None:
        assert isinstance(jobs, list)
        self.given_back += len(jobs)


@pytest.fixture
def board() -> Iterator[Scoreboard]:
    board = Scoreboard.create(2, 4)
    yield board
    board.close()


def test_what_waited_too_long_is_released_and_everybody_woken(board: Scoreboard) -> None:
    host = Host(board)
    host.rebalancer.look(LATE)
    assert [(settlement.verdict, settlement.started_ns) for settlement, _ in host.settler.added] == [
        (Verdict.RELEASED, 0)
    ] * 3
    assert sorted(entry for _, entry in host.settler.added) == [0, 1, 2]
    assert (host.given_back, host.settler.flushes, list(host.backlog.jobs)) == (3, 1, [])
    assert host.own.drain_wakes()
    assert host.sibling.drain_wakes()


def test_nothing_happens_before_nor_in_a_drain(board: Scoreboard) -> None:
    host = Host(board)
    host.rebalancer.look(1)
    host.own.wanted = Wanted.DRAIN
    host.rebalancer.look(100 * LATE)
    assert (host.settler.added, host.settler.flushes, len(host.backlog.jobs)) == ([], 0, 3)


def test_what_was_paused_goes_back_at_once_and_all_that_waits_beside_it_in_a_drain_too(board: Scoreboard) -> None:
    host = Host(board)
    host.own.wanted = Wanted.DRAIN
    waiting = host.backlog.waiting()[1]
    host.paused = Paused(frozenset({"another queue"}), frozenset({"another type"}))
    host.rebalancer.look(1)
    assert host.given_back == 0
    host.paused = Paused(types=frozenset({waiting.job_type}))
    host.rebalancer.look(1)
    assert (host.given_back, host.settler.flushes, list(host.backlog.jobs)) == (3, 1, [])
    assert {settlement.verdict for settlement, _ in host.settler.added} == {Verdict.RELEASED}


def test_a_release_does_not_wait(board: Scoreboard) -> None:
    host = Host(board)
    host.own.wanted = Wanted.RELEASE
    host.rebalancer.look(1)
    assert (host.given_back, host.settler.flushes) == (3, 1)


@pytest.mark.parametrize(
    ("idle_since", "state", "wanted", "expected"),
    [
        (1, SlotState.READY, Wanted.RUN, 3),
        (0, SlotState.READY, Wanted.RUN, 0),
        (1, SlotState.DEAD, Wanted.RUN, 0),
        (1, SlotState.READY, Wanted.DRAIN, 0),
    ],
)
def test_a_long_batch_is_shared_with_those_that_idle_only(
    board: Scoreboard, *, idle_since: int, state: SlotState, wanted: Wanted, expected: int
) -> None:
    host = Host(board)
    host.sibling.idle_since_ns, host.sibling.state, host.sibling.wanted = idle_since, state, wanted
    host.backlog.begun_ns = LATE
    host.rebalancer.look(LATE + 1)
    assert host.given_back == expected


def test_what_was_to_be_cancelled_is_cancelled_and_not_given_back(board: Scoreboard) -> None:
    host = Host(board)
    for one in host.backlog.jobs:
        host.own.hold(one.entry, one.job_id, one.fence, one.token)
    assert host.own.ask_cancel(1, 1)
    host.rebalancer.look(LATE)
    verdicts = {entry: settlement.verdict for settlement, entry in host.settler.added}
    assert verdicts == {0: Verdict.RELEASED, 1: Verdict.CANCELLED, 2: Verdict.RELEASED}


def empty_into(backlog: UnstartedJobs, jobs: list[ClaimedJob]) -> None:
    jobs.extend(backlog.empty())


@pytest.mark.hazard("Jobs that were claimed with a slow one wait behind it while others idle")
def test_each_job_begins_or_is_given_back_and_never_both() -> None:
    backlog, rounds, count = UnstartedJobs(), 200, 100
    for _ in range(rounds):
        jobs = [job() for _ in range(count)]
        backlog.take(jobs, 0)
        given_back: list[ClaimedJob] = []
        thread = threading.Thread(target=empty_into, args=(backlog, given_back))
        begun = [backlog.begin()]
        thread.start()
        while (next_one := backlog.begin()) is not None:
            begun.append(next_one)
        thread.join()
        ids = [one.job_id for one in (*begun, *given_back) if one is not None]
        assert sorted(ids) == sorted(one.job_id for one in jobs)
