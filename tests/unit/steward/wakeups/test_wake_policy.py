"""When a host says that it sleeps, and when it looks: while somebody idles, either it is told of jobs or it looks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pooljobs_steward.wakeups.horizon import COST_FACTOR, DEAR
from pooljobs_steward.wakeups.notify_budget import SAVED
from pooljobs_steward.wakeups.wake_policy import AWAKE, LATEST, SOON, Findings, WakePolicy, WakeStep

SLEEP, POLL = 30.0, 60.0
NOTHING_THERE = Findings(due=0, next_in=None, xmin=100, mark=None)


def policy(*, hears: bool = True) -> WakePolicy:
    made = WakePolicy(sleep=SLEEP, poll_interval=POLL)
    made.hears = hears
    return made


def asleep(now: float = 0.0) -> WakePolicy:
    """One that has fallen asleep, and has looked until nobody can commit unseen."""
    made = policy()
    assert made.step(1, now) is WakeStep.FALL_ASLEEP
    made.fell_asleep(now)
    made.found(Findings(0, None, xmin=10, mark=10), 0.0, now)
    made.found(Findings(0, None, xmin=11, mark=None), 0.0, now)
    assert made.settled
    assert made.step(1, now) is WakeStep.NOTHING
    return made


def test_while_nobody_idles_nothing_is_done() -> None:
    made = policy()
    assert made.step(0, 0.0) is WakeStep.NOTHING
    assert made.seconds(0, 0.0) is None


def test_when_somebody_idles_the_host_falls_asleep_and_looks_afterwards() -> None:
    made = policy()
    assert made.step(1, 0.0) is WakeStep.FALL_ASLEEP
    made.fell_asleep(0.0)
    assert made.marking
    assert made.step(1, 0.0) is WakeStep.LOOK


def test_it_looks_until_all_have_ended_that_began_before_its_mark() -> None:
    made = policy()
    made.fell_asleep(0.0)
    made.found(Findings(0, None, xmin=7, mark=10), 0.0, 0.0)
    now, pauses = 0.0, []
    for _ in range(12):
        pause = made.seconds(1, now)
        assert pause is not None
        pauses.append(pause)
        now += pause
        assert made.step(1, now) in (WakeStep.LOOK, WakeStep.FALL_ASLEEP)
        made.found(Findings(0, None, xmin=9, mark=None), 0.0, now)
    assert pauses == pytest.approx(sorted(pauses))
    assert pauses[0] == pytest.approx(SOON)
    assert pauses[-1] <= LATEST + 1e-9
    made.found(Findings(0, None, xmin=10, mark=None), 0.0, now)
    assert made.settled


def test_a_settled_sleeper_rests_until_its_sleep_is_to_be_renewed() -> None:
    made = asleep()
    assert made.seconds(1, 0.0) == pytest.approx(SLEEP / 3)
    assert made.step(1, SLEEP / 3 + 0.01) is WakeStep.FALL_ASLEEP
    made.fell_asleep(SLEEP / 3 + 0.01)
    assert made.settled, "a renewal in time leaves no gap"
    assert made.step(1, SLEEP / 3 + 0.02) is WakeStep.NOTHING


def test_a_sleep_that_was_not_renewed_in_time_begins_anew() -> None:
    made = asleep()
    assert made.step(1, SLEEP + 1) is WakeStep.FALL_ASLEEP
    made.fell_asleep(SLEEP + 1)
    assert made.marking


def test_a_notification_is_followed_by_a_look() -> None:
    made = asleep()
    made.heard(1, 2, 1.0)
    assert made.seconds(1, 1.0) == pytest.approx(SOON)
    assert made.step(1, 1.0 + SOON) is WakeStep.LOOK


def test_looks_go_on_while_work_is_due_and_somebody_idles() -> None:
    made, now = asleep(), 1.0
    made.heard(1, 2, now)
    for _ in range(8):
        now += (made.seconds(1, now) or 0.0) + 1e-6
        assert made.step(1, now) is WakeStep.LOOK
        made.found(Findings(3, None, xmin=100, mark=None), 0.0, now)
        assert (made.seconds(1, now) or 0.0) <= LATEST + 1e-9
    made.found(NOTHING_THERE, 0.0, now)
    assert made.seconds(1, now) == pytest.approx(SLEEP / 3 - now)


def test_the_next_job_to_come_is_looked_for_when_it_is_due() -> None:
    made = asleep()
    made.rang(1.0)
    made.found(Findings(0, 0.3, xmin=100, mark=None), 0.0, 1.0)
    assert made.seconds(1, 1.0) == pytest.approx(0.3)
    assert made.step(1, 1.31) is WakeStep.LOOK


def test_told_while_nobody_idles_it_asks_for_no_more() -> None:
    made = asleep()
    made.heard(1, 0, 1.0)
    assert made.step(0, 1.0) is WakeStep.STAY_AWAKE
    made.stayed_awake()
    assert made.step(0, 1.0) is WakeStep.NOTHING
    assert made.step(1, 2.0) is WakeStep.FALL_ASLEEP


def test_a_flood_of_notifications_is_stopped_and_looks_take_their_place() -> None:
    made = asleep()
    made.heard(int(SAVED), 2, 1.0)
    assert made.step(1, 1.0) is WakeStep.STAY_AWAKE
    made.stayed_awake()
    assert made.step(1, 1.0) is WakeStep.LOOK
    made.found(NOTHING_THERE, 0.0, 1.0)
    assert made.seconds(1, 1.0) == pytest.approx(AWAKE)
    assert made.step(1, 1.0 + AWAKE) is WakeStep.LOOK
    assert made.step(1, 4.0) is WakeStep.FALL_ASLEEP, "the ration is ample again"


def test_slow_looks_are_far_between() -> None:
    made = asleep()
    made.found(Findings(1, None, xmin=100, mark=None), 0.04, 1.0)
    assert made.seconds(1, 1.0) == pytest.approx(0.8)
    made.rang(1.1)
    assert made.seconds(1, 1.0) == pytest.approx(0.8)


DEAR_LOOK = 0.03


def dear_look(made: WakePolicy, now: float) -> None:
    """A full look that took long, and found nothing."""
    assert made.since(now) is None
    made.found(Findings(0, None, xmin=100, mark=None, since="then", full=True), DEAR_LOOK, now)


@pytest.mark.hazard(
    "Each look of an idle host walks over all the dead entries that an old snapshot keeps",
    closed="looks begin where the last one ended, full ones are paced by their cost "
    "(`supervisor/pooljobs_steward/wakeups/horizon.py`)",
    area="waking",
)
def test_after_a_dear_look_others_begin_where_it_ended_until_one_can_be_afforded() -> None:
    made = asleep()
    dear_look(made, 1.0)
    made.rang(1.0)
    assert made.seconds(1, 1.0) == pytest.approx(SOON), "the next one is not dear"
    assert made.since(1.0 + SOON) == "then"
    made.found(Findings(0, None, xmin=100, mark=None, since="later", full=False), 0.0, 1.1)
    assert made.since(1.2) == "later"
    full_at = 1.0 + COST_FACTOR * DEAR_LOOK
    assert made.seconds(1, 1.1) == pytest.approx(full_at - 1.1), "what came late is looked for as soon as that"
    assert made.since(full_at) is None


@pytest.mark.hazard("Each look of an idle host walks over all the dead entries that an old snapshot keeps")
def test_a_look_that_is_not_full_settles_nothing() -> None:
    """A transaction that read the row before may have committed jobs that were due long ago."""
    made = policy()
    made.fell_asleep(0.0)
    assert made.since(0.0) is None
    made.found(Findings(0, None, xmin=7, mark=10, since="then"), DEAR_LOOK, 0.0)
    made.found(Findings(0, None, xmin=11, mark=None, since="then", full=False), 0.0, 0.1)
    assert not made.settled
    made.found(Findings(0, None, xmin=11, mark=None, since="then"), DEAR_LOOK, 0.7)
    assert made.settled


def test_without_notifications_it_looks_as_often_as_workers_poll() -> None:
    made = policy(hears=False)
    assert made.step(1, 0.0) is WakeStep.LOOK
    made.found(NOTHING_THERE, 0.0, 0.0)
    assert made.seconds(1, 0.0) == pytest.approx(POLL)
    made.found(Findings(0, 2.0, xmin=100, mark=None), 0.0, 0.0)
    assert made.seconds(1, 0.0) == pytest.approx(2.0)


EVENTS = st.sampled_from(["rang", "heard", "heard in vain", "flood", "lost", "due", "mark held up", "nothing"])


class Host:
    """Does what the vigil says, and knows until when enqueues would tell it."""

    def __init__(self, took: float) -> None:
        self.policy = policy()
        self.took = took
        self.looked_in_part = False
        self.told_until = 0.0

    def take(self, event: str, now: float) -> None:
        if event == "rang":
            self.policy.rang(now)
        elif event.startswith("heard") or event == "flood":
            self.policy.heard(1000 if event == "flood" else 1, 0 if event.endswith("vain") else 1, now)
        elif event == "lost":
            self.policy.stayed_awake()
            self.told_until = 0.0

    def rest(self, event: str, now: float) -> None:
        for _ in range(10):
            step = self.policy.step(1, now)
            if step is WakeStep.NOTHING:
                return
            if step is WakeStep.FALL_ASLEEP:
                self.policy.fell_asleep(now)
                self.told_until = now + SLEEP
            elif step is WakeStep.STAY_AWAKE:
                self.policy.stayed_awake()
                self.told_until = 0.0
            else:
                xmin, mark = 5 if event == "mark held up" else 100, 10 if self.policy.marking else None
                full = self.policy.since(now) is None
                self.looked_in_part = not full
                took = self.took if full else 0.0
                self.policy.found(
                    Findings(int(event == "due"), None, xmin=xmin, mark=mark, since="then", full=full), took, now
                )
        raise AssertionError("it never comes to rest")


@given(
    events=st.lists(st.tuples(EVENTS, st.floats(0.0, 3.0)), max_size=60), took=st.sampled_from([0.0, DEAR / 2, 0.03])
)
def test_whatever_happens_somebody_tells_or_looks(events: list[tuple[str, float]], took: float) -> None:
    """With a worker idle, the host either asks to be told, and has seen what nobody tells of, or looks again soon.

    Also where a look at everything is dear: then another one follows as soon as it can be afforded.
    """
    host, now = Host(took), 0.0
    for event, later in events:
        now += later
        host.take(event, now)
        host.rest(event, now)
        pause = host.policy.seconds(1, now)
        assert pause is not None
        if now >= host.told_until or not host.policy.settled:
            assert pause <= LATEST + 1e-9
        assert now + pause <= max(host.told_until, now + LATEST + 1e-9)
        if host.looked_in_part:
            assert pause <= took * COST_FACTOR + 1e-6
