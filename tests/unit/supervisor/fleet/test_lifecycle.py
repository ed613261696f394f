"""How the supervisor gets from serving to its end."""

from __future__ import annotations

import pytest

from pooljobs.exit_codes import ExitCode
from pooljobs_supervisor.fleet.lifecycle import STAGE_TIMEOUT, Lifecycle, LifecycleStage, boot_failure


def draining(limit: float = 30.0) -> Lifecycle:
    lifecycle = Lifecycle(limit, ever_ready=True)
    lifecycle.escalate(100.0)
    return lifecycle


def test_nothing_happens_while_nobody_asks() -> None:
    lifecycle = Lifecycle(30.0)
    assert lifecycle.observe(10**6, workers=0, steward=False, dead_slots=3) is LifecycleStage.SERVE


def test_each_signal_asks_for_more_up_to_the_third() -> None:
    lifecycle = Lifecycle(30.0)
    assert [lifecycle.escalate(float(n)) for n in range(5)] == [
        LifecycleStage.DRAIN,
        LifecycleStage.RELEASE,
        *[LifecycleStage.KILL] * 3,
    ]
    assert (lifecycle.drain_since, lifecycle.since) == (0.0, 2.0)


def test_a_halt_kills_from_wherever_it_is_and_never_goes_back() -> None:
    for stage, after in [(stage, max(stage, LifecycleStage.KILL)) for stage in LifecycleStage]:
        lifecycle = Lifecycle(30.0, stage=stage, since=1.0, drain_since=1.0, ever_ready=True)
        assert lifecycle.halt(7.0) is after
        assert lifecycle.since == (7.0 if stage < LifecycleStage.KILL else 1.0)
        assert lifecycle.drain_since == (7.0 if stage is LifecycleStage.SERVE else 1.0)


def test_a_halt_that_found_workers_is_no_clean_end() -> None:
    lifecycle = Lifecycle(30.0, ever_ready=True)
    lifecycle.halt(1.0)
    assert lifecycle.observe(1.0, workers=1, steward=True, dead_slots=0) is LifecycleStage.KILL
    assert lifecycle.observe(1.1, workers=0, steward=False, dead_slots=0) is LifecycleStage.DONE
    assert lifecycle.result is ExitCode.DRAIN_TIMED_OUT


def test_a_drain_ends_when_workers_then_their_slots_then_the_steward_are_gone() -> None:
    lifecycle = draining()
    assert lifecycle.observe(101.0, workers=1, steward=True, dead_slots=1) is LifecycleStage.DRAIN
    assert lifecycle.observe(102.0, workers=0, steward=True, dead_slots=1) is LifecycleStage.SETTLE
    assert lifecycle.observe(103.0, workers=0, steward=True, dead_slots=0) is LifecycleStage.DISMISS
    assert lifecycle.observe(104.0, workers=0, steward=False, dead_slots=0) is LifecycleStage.DONE
    assert lifecycle.result is ExitCode.OK


def test_a_drain_past_its_limit_kills_and_says_so() -> None:
    lifecycle = draining(limit=5.0)
    assert lifecycle.observe(104.9, workers=1, steward=True, dead_slots=0) is LifecycleStage.DRAIN
    lifecycle.escalate(104.95)
    assert lifecycle.observe(105.0, workers=1, steward=True, dead_slots=0) is LifecycleStage.KILL
    assert lifecycle.result is ExitCode.DRAIN_TIMED_OUT


def test_a_third_signal_that_finds_no_worker_forces_nothing() -> None:
    lifecycle = draining()
    lifecycle.escalate(101.0)
    lifecycle.escalate(101.0)
    assert lifecycle.observe(101.0, workers=0, steward=False, dead_slots=0) is LifecycleStage.DONE
    assert lifecycle.result is ExitCode.OK


def test_workers_that_survive_sigkill_do_not_keep_us() -> None:
    lifecycle = draining(limit=0.0)
    lifecycle.observe(100.0, workers=1, steward=True, dead_slots=0)
    assert lifecycle.observe(100.0 + STAGE_TIMEOUT, workers=1, steward=True, dead_slots=0) is LifecycleStage.DONE


def test_dead_slots_are_waited_for_with_a_bound() -> None:
    lifecycle = draining()
    lifecycle.observe(101.0, workers=0, steward=True, dead_slots=2)
    assert (
        lifecycle.observe(101.0 + STAGE_TIMEOUT - 0.1, workers=0, steward=True, dead_slots=2) is LifecycleStage.SETTLE
    )
    assert lifecycle.observe(101.0 + STAGE_TIMEOUT, workers=0, steward=True, dead_slots=2) is LifecycleStage.DISMISS


def test_a_steward_that_stays_is_evicted_however_late_we_look() -> None:
    lifecycle = draining()
    assert lifecycle.observe(101.0, workers=0, steward=True, dead_slots=0) is LifecycleStage.DISMISS
    assert lifecycle.observe(9999.0, workers=0, steward=True, dead_slots=0) is LifecycleStage.EVICT
    assert lifecycle.observe(9999.0 + STAGE_TIMEOUT, workers=0, steward=True, dead_slots=0) is LifecycleStage.DONE


def test_a_missing_steward_is_still_waited_for_unless_it_never_comes() -> None:
    lifecycle = draining()
    assert lifecycle.observe(101.0, workers=0, steward=False, dead_slots=1) is LifecycleStage.SETTLE
    failed = Lifecycle(30.0)
    failed.fail_to_start(1, 100.0)
    assert failed.observe(101.0, workers=0, steward=False, dead_slots=1) is LifecycleStage.DONE


def test_a_failed_start_keeps_its_first_reason() -> None:
    lifecycle = Lifecycle(30.0)
    lifecycle.fail_to_start(ExitCode.APP, 1.0)
    lifecycle.fail_to_start(ExitCode.NOT_MIGRATED, 2.0)
    assert (lifecycle.stage, lifecycle.result) == (LifecycleStage.DRAIN, ExitCode.APP)
    assert not lifecycle.spawns_steward


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (3, ExitCode.APP),
        (4, ExitCode.DATABASE_UNREACHABLE),
        (5, ExitCode.DATABASE_UNSUPPORTED),
        (6, ExitCode.NOT_MIGRATED),
        (7, ExitCode.CONNECTION_BUDGET),
        (10, ExitCode.EMBEDDED),
        (0, ExitCode.WORKER_BOOT),
        (1, ExitCode.WORKER_BOOT),
        (12, ExitCode.WORKER_BOOT),
        (200, ExitCode.WORKER_BOOT),
        (-11, ExitCode.WORKER_BOOT),
    ],
)
def test_only_exit_codes_meant_for_the_user_are_passed_on(status: int, code: ExitCode) -> None:
    assert boot_failure(status) is code
