"""When a late job is interrupted, and when its worker is killed for it."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pooljobs.scoreboard import EntryState, HeldJob
from pooljobs_supervisor.limits.job_deadlines import AGAIN_NS, NEVER, STACK_NS, STILL_NS, DeadlineStep, JobDeadlines

SECOND = 10**9
BEGAN = 1000 * SECOND


def job(entry: int = 0, token: int = 7, *, soft: float = 0, hard: float = 0, asked: bool = False) -> HeldJob:
    """A job that began at ``BEGAN``, with limits in seconds."""
    soft_ns, hard_ns = (int(BEGAN + limit * SECOND) if limit else 0 for limit in (soft, hard))
    return HeldJob(entry, bytes(16), 1, token, EntryState.RUNNING, BEGAN, soft_ns, hard_ns, cancel_asked=asked)


def at(secs: float) -> int:
    return int(BEGAN + secs * SECOND)


def test_without_limits_nothing_is_ever_done() -> None:
    books = JobDeadlines()
    assert [books.decide([job()], at(secs), 0) for secs in (0, 10, 10**6)] == [DeadlineStep.NOTHING] * 3
    assert books.next_ns([job()], at(0)) == NEVER


def test_a_soft_limit_is_told_again_until_the_worker_has_taken_note() -> None:
    books, late = JobDeadlines(), job(soft=1)
    assert books.decide([late], at(0.9), 0) is DeadlineStep.NOTHING
    assert books.next_ns([late], at(0.9)) == at(1)
    assert books.decide([late], at(1), 0) is DeadlineStep.INTERRUPT
    assert books.next_ns([late], at(1)) == at(1) + AGAIN_NS
    assert books.decide([late], at(1.1), 0) is DeadlineStep.NOTHING
    assert books.decide([late], at(1) + AGAIN_NS, 0) is DeadlineStep.INTERRUPT
    told = replace(late, soft_ns=0)
    assert books.decide([told], at(2), 0) is DeadlineStep.NOTHING
    assert books.next_ns([told], at(2)) == NEVER


def test_the_next_job_does_not_wait_for_the_last_ones_signal() -> None:
    books = JobDeadlines()
    assert books.decide([job(token=1, soft=1)], at(1), 0) is DeadlineStep.INTERRUPT
    assert books.decide([job(token=2, soft=1.1)], at(1.1), 0) is DeadlineStep.INTERRUPT


def test_a_hard_limit_kills_once_the_stack_is_written() -> None:
    books, late = JobDeadlines(), job(hard=1)
    assert books.next_ns([late], at(0)) == at(1)
    assert books.decide([late], at(1), 0) is DeadlineStep.EXPOSE
    assert books.target == late
    assert books.next_ns([late], at(1)) == at(1) + STILL_NS
    assert books.decide([late], at(1) + STILL_NS, 0) is DeadlineStep.NOTHING
    assert books.decide([late], at(1) + 2 * STILL_NS, 500) is DeadlineStep.NOTHING
    assert books.decide([late], at(1) + 2 * STILL_NS + 1, 500) is DeadlineStep.NOTHING  # it may still grow
    assert books.decide([late], at(1) + 3 * STILL_NS, 500) is DeadlineStep.KILL
    assert books.decide([late], at(1) + 4 * STILL_NS, 500) is DeadlineStep.KILL  # until it is gone


def test_a_stack_is_not_waited_for_for_ever() -> None:
    books, late = JobDeadlines(), job(hard=1)
    assert books.decide([late], at(1), 0) is DeadlineStep.EXPOSE
    assert books.decide([late], at(1) + STACK_NS - 1, 0) is DeadlineStep.NOTHING
    assert books.decide([late], at(1) + STACK_NS, 0) is DeadlineStep.KILL


def test_a_job_that_ends_while_its_stack_is_written_is_spared() -> None:
    books = JobDeadlines()
    other = job(entry=1, token=7, hard=1)
    assert books.decide([job(hard=1), job(entry=1)], at(1), 0) is DeadlineStep.EXPOSE
    assert books.decide([job(entry=1)], at(1.1), 300) is DeadlineStep.SPARE
    assert books.decide([job(entry=1)], at(1.2), 300) is DeadlineStep.NOTHING
    assert books.decide([other], at(1.3), 300) is DeadlineStep.EXPOSE


def test_a_later_job_of_the_entry_is_not_the_target() -> None:
    books = JobDeadlines()
    assert books.decide([job(token=1, hard=1)], at(1), 0) is DeadlineStep.EXPOSE
    assert books.decide([job(token=2, hard=9)], at(1.3), 300) is DeadlineStep.SPARE


def test_a_cancellation_is_told_and_then_has_as_long_as_there_is_between_the_limits() -> None:
    for soft, hard, grace in [(0, 0, 5), (100, 102, 2), (0, 100, 5)]:
        books, asked = JobDeadlines(), job(soft=soft, hard=hard, asked=True)
        assert books.decide([asked], at(1), 0) is DeadlineStep.INTERRUPT
        delivered = replace(asked, cancel_delivered=True, soft_ns=0)
        assert books.decide([delivered], at(1 + grace) - 1, 0) is DeadlineStep.NOTHING
        assert books.next_ns([delivered], at(1 + grace) - 1) == at(1 + grace)
        assert books.decide([delivered], at(1 + grace), 0) is DeadlineStep.EXPOSE


class OneWorker(RuleBasedStateMachine):
    """A worker that begins and ends jobs, takes note of signals or does not, and writes stacks or does not."""

    def __init__(self) -> None:
        super().__init__()
        self.now = BEGAN
        self.books = JobDeadlines()
        self.running: dict[int, HeldJob] = {}
        self.asked_at: dict[int, int] = {}
        self.signalled = False
        self.stack = 0
        self.exposed_at: int | None = None
        self.token = 0

    @precondition(lambda self: len(self.running) < 3)
    @rule(soft=st.sampled_from([0, 10**7, SECOND]), hard=st.sampled_from([0, 3 * SECOND]))
    def begin(self, soft: int, hard: int) -> None:
        self.token += 1
        entry = next(entry for entry in range(3) if entry not in self.running)
        soft_ns, hard_ns = soft and self.now + soft, hard and self.now + hard
        self.running[entry] = HeldJob(entry, bytes(16), 1, self.token, EntryState.RUNNING, self.now, soft_ns, hard_ns)

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        entry = data.draw(st.sampled_from(sorted(self.running)))
        self.asked_at.pop(self.running.pop(entry).token, None)

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def ask_cancel(self, data: st.DataObject) -> None:
        entry = data.draw(st.sampled_from(sorted(self.running)))
        self.running[entry] = replace(self.running[entry], cancel_asked=True)
        self.asked_at.setdefault(self.running[entry].token, self.now)

    @precondition(lambda self: self.signalled)
    @rule()
    def take_note(self) -> None:
        self.signalled = False
        for entry, one in self.running.items():
            told = one.cancel_asked or 0 < one.soft_ns <= self.now
            self.running[entry] = replace(one, soft_ns=0 if told else one.soft_ns, cancel_delivered=one.cancel_asked)

    @precondition(lambda self: self.exposed_at is not None)
    @rule(size=st.integers(min_value=1, max_value=9000))
    def write(self, size: int) -> None:
        self.stack += size

    @rule(passed=st.sampled_from([1, STILL_NS, STACK_NS, AGAIN_NS, SECOND, 6 * SECOND]))
    def tick(self, passed: int) -> None:
        self.now += passed
        self.look()

    @rule()
    def tick_when_due(self) -> None:
        moment = self.books.next_ns(list(self.running.values()), self.now)
        assert moment >= self.now
        if moment < NEVER:
            self.now = max(self.now, moment)
            self.look()

    def look(self) -> None:
        running = list(self.running.values())
        step = self.books.decide(running, self.now, self.stack)
        if step is DeadlineStep.INTERRUPT:
            assert any(one.cancel_asked > one.cancel_delivered or 0 < one.soft_ns <= self.now for one in running)
            self.signalled = True
        elif step is DeadlineStep.EXPOSE:
            assert self.exposed_at is None
            assert self.late(self.books.target)
            self.exposed_at, self.stack = self.now, 0
        elif step is DeadlineStep.SPARE:
            assert self.exposed_at is not None
            self.exposed_at, self.stack = None, 0
        elif step is DeadlineStep.KILL:
            assert self.exposed_at is not None
            assert self.late(self.books.target)
            assert self.stack or self.now >= self.exposed_at + STACK_NS
            self.running.clear()
            self.asked_at.clear()
            self.books, self.exposed_at, self.stack, self.signalled = JobDeadlines(), None, 0, False
        elif self.exposed_at is not None:
            assert self.now < self.exposed_at + STACK_NS
        else:
            assert not any(self.late(one) for one in running)

    def late(self, target: HeldJob | None) -> bool:
        """Whether a job that runs is past its hard limit, or its cancellation was asked for more than a while ago."""
        assert target is not None
        one = next((one for one in self.running.values() if one.token == target.token), None)
        if one is None:
            return False
        asked = self.asked_at.get(one.token)
        return 0 < one.hard_ns <= self.now or (asked is not None and self.now >= asked + 2 * SECOND and self.seen(one))

    def seen(self, one: HeldJob) -> bool:
        """Whether the books' time for the job has come: it is counted from the look that first saw the request."""
        return self.books._dies_at(one) <= self.now

    @invariant()
    def a_look_is_planned_for_every_limit(self) -> None:
        running = list(self.running.values())
        moment = self.books.next_ns(running, self.now)
        for one in running:
            assert not one.hard_ns or moment <= max(self.now, one.hard_ns) or self.exposed_at is not None
            assert not one.soft_ns or moment <= max(self.now + AGAIN_NS, one.soft_ns)


TestOneWorker = OneWorker.TestCase
