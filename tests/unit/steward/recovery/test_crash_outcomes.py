"""What becomes of the jobs of a dead worker: the running one is charged, and no other."""

from __future__ import annotations

import signal
from dataclasses import replace
from uuid import UUID

import pytest

from pooljobs.exit_codes import ExitCode
from pooljobs.job.retry import RetryPolicy
from pooljobs.job.verdict import Verdict
from pooljobs.scoreboard import EntryState, HeldJob, Killed, Scoreboard
from pooljobs.scoreboard.worker_death import WorkerDeath
from pooljobs_steward.recovery.crash_outcomes import JobCounters, judge, suspect_types

KILLED = WorkerDeath("worker-1, pid 99", -signal.SIGKILL, on_purpose=False)


def held(number: int, state: EntryState) -> HeldJob:
    return HeldJob(number, number.to_bytes(16, "big"), fence=1, token=7, state=state, started_ns=5)


def counters(*, attempts: int = 0, crashes: int = 0, max_retries: int = 3, suspect: bool = False) -> JobCounters:
    return JobCounters(
        "kind",
        attempts,
        crashes=crashes,
        max_retries=max_retries,
        policy=RetryPolicy("exponential", 1.0),
        suspect=suspect,
    )


def verdict_of(state: EntryState, known: JobCounters | None, death: WorkerDeath = KILLED) -> Verdict:
    job = held(1, state)
    return judge([job], {job.job_id: known} if known else {}, death, max_crashes=3)[0].verdict


def test_only_the_running_job_of_a_batch_is_charged() -> None:
    states = (EntryState.DONE, EntryState.RUNNING, EntryState.CLAIMED, EntryState.GIVEN_BACK)
    jobs = [held(number, state) for number, state in enumerate(states)]
    settled = judge(jobs, {job.job_id: counters() for job in jobs}, KILLED, max_crashes=3)
    assert [item.verdict for item in settled] == [Verdict.COMPLETED, Verdict.CRASHED, *[Verdict.RELEASED] * 2]
    assert settled[1].error is not None
    assert "SIGKILL" in settled[1].error
    assert settled[2].error is None


@pytest.mark.parametrize(("crashes", "verdict"), [(0, Verdict.CRASHED), (1, Verdict.CRASHED), (2, Verdict.POISONED)])
def test_a_job_that_crashed_too_often_is_poison(crashes: int, verdict: Verdict) -> None:
    assert verdict_of(EntryState.RUNNING, counters(crashes=crashes)) is verdict


@pytest.mark.parametrize(
    ("death", "words"),
    [
        (replace(KILLED, on_purpose=True), "was killed by the supervisor"),
        (replace(KILLED, unseen=True), "ended after its supervisor, and nobody saw how"),
    ],
)
def test_a_death_that_is_no_jobs_fault_charges_nobody_and_says_so(death: WorkerDeath, words: str) -> None:
    running, waiting = held(1, EntryState.RUNNING), held(2, EntryState.CLAIMED)
    settled = judge([running, waiting], {job.job_id: counters() for job in (running, waiting)}, death, max_crashes=3)
    assert [item.verdict for item in settled] == [Verdict.RELEASED, Verdict.RELEASED]
    assert settled[0].error == f"this run was cut short, and is not charged: its worker (worker-1, pid 99) {words}"
    assert settled[1].error is None


def test_a_handler_that_had_raised_is_settled_as_that_failure() -> None:
    assert verdict_of(EntryState.FAILED, counters(attempts=0)) is Verdict.RETRY
    assert verdict_of(EntryState.FAILED, counters(attempts=2)) is Verdict.FAILED


def test_a_job_that_is_gone_from_the_table_costs_nothing() -> None:
    assert verdict_of(EntryState.RUNNING, None) is Verdict.RELEASED


def test_claims_keep_their_fence_and_token() -> None:
    job = held(1, EntryState.RUNNING)
    settled = judge([job], {job.job_id: counters()}, KILLED, max_crashes=3)[0]
    assert (settled.job_id, settled.fence, settled.token, settled.started_ns) == (job.job_id, 1, 7, 5)


@pytest.mark.parametrize(
    ("status", "words"), [(-signal.SIGSEGV, "killed by SIGSEGV"), (3, "exit code 3"), (-99, "killed by signal 99")]
)
def test_deaths_are_told_by_name(status: int, words: str) -> None:
    assert WorkerDeath("x", status, on_purpose=False).how == words


def error_of(death: WorkerDeath, *running: HeldJob) -> str:
    settled = judge(running, {job.job_id: counters() for job in running}, death, max_crashes=3)
    assert settled[0].error is not None
    return settled[0].error


def test_a_crash_tells_what_is_known_of_it() -> None:
    who = "the worker process died while running this job: killed by SIGKILL (worker-2, pid 4711, crash 1 of 3"
    job = held(1, EntryState.RUNNING)
    plain = WorkerDeath("worker-2, pid 4711", -signal.SIGKILL, on_purpose=False)
    assert error_of(plain, job) == f"{who})"
    measured = replace(plain, cpu_seconds=12.34, peak_memory=512_000_000)
    assert error_of(measured, job) == f"{who}; 12.3 s CPU, 512 MB peak memory)"
    anew = replace(measured, peak_seconds=7.0, peak_floor=511_000_000)
    assert error_of(anew, job) == f"{who}; 12.3 s CPU, 512 MB peak memory in the last 7.0 s)"
    hidden = replace(measured, peak_seconds=0.001, peak_floor=512_000_000)
    assert error_of(hidden, job) == f"{who}; 12.3 s CPU, at most 512 MB peak memory in the last 0.1 s)"
    starved = replace(measured, out_of_memory=True)
    assert error_of(starved, job) == f"{who}; 12.3 s CPU, 512 MB peak memory; probably out of memory)"


def test_several_that_ran_are_suspects_and_name_each_other() -> None:
    jobs = [held(number, EntryState.RUNNING) for number in range(1, 9)]
    settled = judge(jobs, {job.job_id: counters(crashes=2) for job in jobs}, KILLED, max_crashes=3)
    assert {item.verdict for item in settled} == {Verdict.SUSPECTED}
    assert str(UUID(int=1)) not in (error := error_of(KILLED, *jobs))
    assert all(str(UUID(int=number)) in error for number in range(2, 7))
    assert "and 2 more)" in error
    assert error_of(KILLED, *jobs[:2]).endswith(f"; beside it ran {UUID(int=2)}). Not charged: it runs alone next")


def test_a_suspect_that_ran_alone_is_charged_and_what_waited_is_not() -> None:
    jobs = [held(1, EntryState.RUNNING), held(2, EntryState.CLAIMED), held(3, EntryState.DONE)]
    settled = judge(jobs, {job.job_id: counters(suspect=True) for job in jobs}, KILLED, max_crashes=3)
    assert [item.verdict for item in settled] == [Verdict.CRASHED, Verdict.RELEASED, Verdict.COMPLETED]


def test_a_suspect_is_never_suspected_twice_in_a_row() -> None:
    """Or it could come back uncharged for ever, where something ran beside it against the rules."""
    jobs = [held(1, EntryState.RUNNING), held(2, EntryState.RUNNING)]
    known = {jobs[0].job_id: counters(suspect=True), jobs[1].job_id: counters()}
    assert [item.verdict for item in judge(jobs, known, KILLED, max_crashes=3)] == [Verdict.CRASHED, Verdict.SUSPECTED]


SECOND = 10**9
LATE = WorkerDeath(
    "worker-1, pid 99", -signal.SIGKILL, on_purpose=True, killed_ns=100 * SECOND, stack="where it was: here"
)


def test_a_job_past_its_hard_limit_is_charged_a_run_and_its_neighbours_nothing() -> None:
    target = replace(held(1, EntryState.RUNNING), started_ns=40 * SECOND, hard_ns=100 * SECOND)
    in_time = replace(held(2, EntryState.RUNNING), started_ns=40 * SECOND, hard_ns=101 * SECOND)
    jobs = [target, in_time, held(3, EntryState.RUNNING), held(4, EntryState.CLAIMED), held(5, EntryState.DONE)]
    settled = judge(jobs, {job.job_id: counters() for job in jobs}, LATE, max_crashes=1)
    assert [item.verdict for item in settled] == [
        Verdict.RETRY, Verdict.RELEASED, Verdict.RELEASED, Verdict.RELEASED, Verdict.COMPLETED
    ]  # fmt: skip
    assert settled[0].error == "killed at its hard time limit of 60 s (worker-1, pid 99)\n\nwhere it was: here"
    assert (settled[0].delay, settled[0].started_ns) == (0.0, 40 * SECOND)
    cut_short = "this run was cut short, and is not charged: its worker (worker-1, pid 99) was killed by the supervisor"
    assert [item.error for item in settled[1:]] == [cut_short, cut_short, None, None]


def test_a_run_that_was_killed_at_its_limit_may_have_been_the_last() -> None:
    target = replace(held(1, EntryState.RUNNING), hard_ns=100 * SECOND)
    settled = judge([target], {target.job_id: counters(attempts=2)}, LATE, max_crashes=3)[0]
    assert (settled.verdict, settled.delay) == (Verdict.FAILED, None)


def test_a_job_that_crashes_past_its_limit_before_anybody_has_looked_is_charged_a_crash() -> None:
    late = replace(held(1, EntryState.RUNNING), hard_ns=1)
    assert judge([late], {late.job_id: counters()}, KILLED, max_crashes=3)[0].verdict is Verdict.CRASHED


@pytest.mark.parametrize(
    ("state", "death", "verdict", "words"),
    [
        (
            EntryState.RUNNING,
            LATE,
            Verdict.CANCELLED,
            "cancelled: the handler did not stop, and was killed (worker-1, ",
        ),
        (
            EntryState.RUNNING,
            KILLED,
            Verdict.CANCELLED,
            "cancelled; its worker died meanwhile (worker-1, pid 99: killed",
        ),
        (
            EntryState.FAILED,
            KILLED,
            Verdict.CANCELLED,
            "cancelled; its worker died meanwhile (worker-1, pid 99: killed",
        ),
        (EntryState.CLAIMED, KILLED, Verdict.CANCELLED, ""),
        (EntryState.GIVEN_BACK, KILLED, Verdict.CANCELLED, ""),
        (EntryState.DONE, LATE, Verdict.COMPLETED, ""),
    ],
)
def test_a_job_that_was_to_be_cancelled_is_cancelled_unless_it_was_done(
    state: EntryState, death: WorkerDeath, verdict: Verdict, words: str
) -> None:
    job = replace(held(1, state), cancel_asked=True, hard_ns=1)
    settled = judge([job], {job.job_id: counters()}, death, max_crashes=1)[0]
    assert settled.verdict is verdict
    assert (settled.error or "").startswith(words)
    assert bool(settled.error) is bool(words)
    assert judge([job], {}, death, max_crashes=1)[0].verdict in {Verdict.RELEASED, Verdict.COMPLETED}


def test_a_stack_of_whatever_length_and_bytes_fits_into_an_error() -> None:
    target = replace(held(1, EntryState.RUNNING), hard_ns=1)
    death = replace(LATE, stack="x\0\ud83d" * 9000)
    error = judge([target], {target.job_id: counters()}, death, max_crashes=3)[0].error
    assert error is not None
    assert len(error) < 8400
    assert "\0" not in error


def test_a_death_is_read_from_its_slot() -> None:
    board = Scoreboard.create(1, 1)
    slot = board.slot(0)
    slot.ordinal, slot.pid, slot.exit_status, slot.killed = 2, 4711, -9, Killed.ON_PURPOSE
    slot.cpu_us, slot.peak_memory, slot.out_of_memory = 12_300_000, 512, 1
    slot.killed_ns, slot.stack = 77, b"somewhere"
    whole_life = WorkerDeath(
        "worker-2, pid 4711",
        -9,
        on_purpose=True,
        cpu_seconds=12.3,
        peak_memory=512,
        out_of_memory=True,
        killed_ns=77,
        stack="somewhere",
    )
    assert WorkerDeath.of(slot) == whole_life
    slot.peak_since_ns, slot.died_ns, slot.peak_floor = 3_000_000_000, 5_500_000_000, 100
    slot.killed = Killed.UNSEEN
    assert WorkerDeath.of(slot) == replace(whole_life, on_purpose=False, unseen=True, peak_seconds=2.5, peak_floor=100)
    board.close()


EXHAUSTED = WorkerDeath("worker-1, pid 99", ExitCode.EXHAUSTED, on_purpose=False)


@pytest.mark.parametrize("state", [EntryState.RUNNING, EntryState.FAILED])
def test_what_a_worker_at_its_end_had_not_settled_is_suspected_once(state: EntryState) -> None:
    assert verdict_of(state, counters(), EXHAUSTED) is Verdict.SUSPECTED
    charged = {EntryState.RUNNING: Verdict.CRASHED, EntryState.FAILED: Verdict.RETRY}[state]
    assert verdict_of(state, counters(suspect=True), EXHAUSTED) is charged
    assert verdict_of(EntryState.CLAIMED, counters(), EXHAUSTED) is Verdict.RELEASED
    assert verdict_of(EntryState.DONE, counters(), EXHAUSTED) is Verdict.COMPLETED


def test_a_crashed_job_comes_back_later_with_each_crash_and_no_sooner_than_its_policy_says() -> None:
    job = held(1, EntryState.RUNNING)

    def delay(crashes: int, policy: RetryPolicy) -> float:
        known = JobCounters("kind", crashes, crashes=crashes, max_retries=3, policy=policy)
        found = judge([job], {job.job_id: known}, KILLED, max_crashes=100)[0].delay
        assert found is not None
        return found

    growing = [delay(crashes, RetryPolicy("none")) for crashes in range(8)]
    assert growing == sorted(growing)
    assert 0.0 < growing[0] < growing[1] < growing[-1] == growing[-2] == 60.0
    assert delay(0, RetryPolicy("fixed", 90.0)) == 90.0


def test_suspicion_falls_on_the_types_of_jobs_that_may_have_ended_the_process() -> None:
    names = {1: "ended", 2: "ran", 3: "ran beside it", 4: "waited"}
    states = {1: EntryState.DONE, 2: EntryState.RUNNING, 3: EntryState.RUNNING, 4: EntryState.CLAIMED}
    jobs = {number: held(number, state) for number, state in states.items()}
    known = {job.job_id: replace(counters(), job_type=names[number]) for number, job in jobs.items()}

    def suspected(*numbers: int, death: WorkerDeath = KILLED) -> set[str]:
        settled = judge([jobs[number] for number in numbers], known, death, max_crashes=3)
        return suspect_types(settled, known, death)

    assert suspected(1, 2, 4) == {"ran"}
    assert suspected(1, 2, 3, 4) == {"ran", "ran beside it"}
    assert suspected(1, 4) == set()
    assert suspected(1, 2, 3, 4, death=replace(KILLED, on_purpose=True)) == set()
    assert suspected(1, 2, 3, 4, death=replace(KILLED, exit_status=ExitCode.EXHAUSTED)) == set()
