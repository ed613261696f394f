"""Interrupts reach the handler that they are meant for, and nobody else, whatever the moment.

Signals are real ones, sent to this process.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic_ns

import pytest

from pooljobs import JobCancelled, PoolJobs, TimeLimit, TimeLimitExceeded
from pooljobs.handler.interrupts import JobInterrupt
from pooljobs.job.verdict import Settlement, Verdict
from pooljobs.process.child_signals import INTERRUPT
from pooljobs_worker.claims.claimed_job import ClaimedJob
from pooljobs_worker.dispatch.interrupter import call
from tests.unit.worker.dispatching import Dispatching, dispatching

app = PoolJobs()
EXCEEDED = "pooljobs.handler.interrupts.TimeLimitExceeded: time limit of 0.001 s exceeded"
CANCELLED = "pooljobs.handler.interrupts.JobCancelled: the job was cancelled while it ran"
_here: list[Dispatching] = []
_log: list[str] = []


def ask() -> None:
    """What the supervisor does when something is due."""
    os.kill(os.getpid(), INTERRUPT)


def cancel() -> None:
    assert _here[0].slot.ask_cancel(0, _here[0].token)
    ask()


@app.job(time_limit=0.001)
def overruns(how: str = "") -> None:
    time.sleep(0.002)
    try:
        ask()
        time.sleep(10)
    except TimeLimitExceeded:
        _log.append("interrupted")
        ask()  # it is told once
        time.sleep(0.001)
        if how == "raise":
            raise
        if how == "other":
            raise ValueError("in the cleaning up") from None


@app.job(time_limit=60)
def in_time() -> None:
    ask()
    time.sleep(0.001)
    _log.append("ran to its end")


@app.job
def cancelled(how: str = "") -> None:
    try:
        cancel()
        time.sleep(10)
    except JobCancelled:
        cancel()
        if how == "raise":
            raise
        if how == "other":
            raise ValueError("in the cleaning up") from None


@app.job(time_limit=0.001)
async def overruns_async(how: str = "") -> None:
    await asyncio.sleep(0.002)
    ask()
    try:
        await asyncio.sleep(10)
    except asyncio.CancelledError as error:
        _log.extend(error.args)
        if how == "raise":
            raise


@app.job
async def cancelled_async(how: str = "") -> None:
    cancel()
    try:
        await asyncio.sleep(10)
    except asyncio.CancelledError:
        if how == "raise":
            raise
        if how == "other":
            raise ValueError("in the cleaning up") from None


@app.job
def cancels_itself() -> None:
    raise JobCancelled(_here[0].claimed("cancels_itself").id)


class Careless:
    """An exception in here would go nowhere."""

    def __del__(self) -> None:
        ask()
        time.sleep(0.002)
        _log.append("collected")


@app.job(time_limit=0.001)
def collects() -> None:
    time.sleep(0.002)
    careless = Careless()
    del careless
    _log.append("not yet interrupted")
    ask()
    time.sleep(10)


@app.job(time_limit=0.001)
def is_watched_by_a_library() -> None:
    """Such as have a function called around each collection of garbage; an exception in there would go nowhere."""

    def measure(_phase: str, _info: dict[str, int]) -> None:
        ask()
        time.sleep(0.002)

    time.sleep(0.002)
    gc.callbacks.append(measure)
    try:
        gc.collect(0)
    finally:
        gc.callbacks.remove(measure)
    _log.append("not yet interrupted")
    ask()
    time.sleep(10)


class Slow(logging.Handler):
    def emit(self, _record: logging.LogRecord) -> None:
        ask()
        time.sleep(0.002)


@app.job(time_limit=0.001)
def logs() -> None:
    logger = logging.getLogger("test.interrupts")
    logger.addHandler(Slow())
    time.sleep(0.002)
    logger.error("while the lock is held")
    _log.append("not yet interrupted")
    ask()
    time.sleep(10)


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    _log.clear()
    before = signal.getsignal(INTERRUPT)
    yield
    signal.signal(INTERRUPT, before)


@contextmanager
def ready(*, background: bool = False, tasks: bool = False) -> Iterator[Dispatching]:
    with dispatching(app, background=background, tasks=tasks) as here:
        _here[:] = [here]
        here.interrupter.install()
        yield here


def run(here: Dispatching, job_type: str, **payload: object) -> Settlement:
    return here.run(here.claimed(job_type, payload), monotonic_ns())


@pytest.mark.parametrize(
    ("job_type", "how", "verdict", "headline"),
    [
        ("overruns", "", Verdict.COMPLETED, None),
        ("overruns", "raise", Verdict.RETRY, EXCEEDED),
        ("overruns", "other", Verdict.RETRY, "ValueError: in the cleaning up"),
        ("cancelled", "", Verdict.COMPLETED, None),
        (
            "cancelled",
            "raise",
            Verdict.CANCELLED,
            CANCELLED,
        ),
        ("cancelled", "other", Verdict.CANCELLED, "ValueError: in the cleaning up"),
        ("overruns_async", "", Verdict.COMPLETED, None),
        (
            "overruns_async",
            "raise",
            Verdict.RETRY,
            EXCEEDED,
        ),
        ("cancelled_async", "", Verdict.COMPLETED, None),
        (
            "cancelled_async",
            "raise",
            Verdict.CANCELLED,
            CANCELLED,
        ),
        ("cancelled_async", "other", Verdict.CANCELLED, "ValueError: in the cleaning up"),
    ],
)
@pytest.mark.parametrize(("background", "tasks"), [(False, False), (True, False), (True, True)])
def test_what_a_handler_makes_of_an_interrupt_is_its_verdict(
    job_type: str, how: str, verdict: Verdict, headline: str | None, *, background: bool, tasks: bool
) -> None:
    with ready(background=background, tasks=tasks) as here:
        settlement = run(here, job_type, how=how)
        assert settlement.verdict is verdict
        assert (settlement.error or "").startswith(headline or "")
        assert (settlement.error is None) is (headline is None)
        assert run(here, "in_time").verdict is Verdict.COMPLETED


def test_an_error_names_the_place_in_the_handler() -> None:
    with ready() as here:
        for job_type in ("overruns", "overruns_async"):
            error = run(here, job_type, how="raise").error or ""
            assert f"in {job_type}\n" in error
            assert ("    ask()\n" if job_type == "overruns" else "    await asyncio.sleep(10)\n") in error


@pytest.mark.parametrize("tasks", [False, True])
def test_an_async_handler_is_told_why_it_is_cancelled(*, tasks: bool) -> None:
    with ready(tasks=tasks) as here:
        run(here, "overruns_async")
        assert _log == ["time limit of 0.001 s exceeded"]


@pytest.mark.hazard("A time limit cannot interrupt C code, or interrupts the next job")
def test_signals_that_come_early_or_late_do_nothing() -> None:
    with ready() as here:
        job = here.claimed("in_time")
        here.slot.limit(0, 1, 0)
        ask()
        assert run(here, "in_time").verdict is Verdict.COMPLETED
        here.slot.limit(0, 1, 0)
        ask()
        assert job.interrupt is None
        assert _log == ["ran to its end"]


def test_a_signal_within_the_handler_of_another_is_left_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else signals that come faster than they are handled end in a RecursionError, in the midst of a job."""
    with ready() as here:
        take = here.interrupter._take

        def signalled(job: ClaimedJob) -> JobInterrupt | None:
            ask()
            return take(job)

        monkeypatch.setattr(here.interrupter, "_take", signalled)
        settlement = run(here, "overruns", how="raise")
        assert (settlement.error or "").startswith(EXCEEDED)


def test_nothing_is_raised_in_the_caller_of_a_handler() -> None:
    """Before the handler's first instruction, or after its last: a call into C stands for both."""
    with ready() as here:
        job = here.claimed("overruns")
        here.slot.limit(0, 1, 0)
        here.slot.start(0, 1)
        call(signal.raise_signal, (int(INTERRUPT),), {}, job)
        assert (job.interrupt, here.slot.soft[0]) == (None, 1)
        with pytest.raises(TimeLimitExceeded):
            call(lambda: signal.raise_signal(int(INTERRUPT)), (), {}, job)


def test_a_request_for_another_job_of_the_entry_is_ignored() -> None:
    with ready() as here:
        here.claimed("in_time")
        assert here.slot.ask_cancel(0, here.token)
        assert run(here, "in_time").verdict is Verdict.COMPLETED


def test_a_job_that_fails_by_itself_after_its_cancellation_was_asked_for_is_cancelled() -> None:
    with ready() as here:
        job = here.claimed("overruns", {"how": "raise"})
        assert here.slot.ask_cancel(0, job.token)
        assert here.run(job, monotonic_ns()).verdict is Verdict.CANCELLED


def test_a_handler_may_cancel_its_own_job() -> None:
    with ready() as here:
        assert run(here, "cancels_itself").verdict is Verdict.CANCELLED


@pytest.mark.parametrize("job_type", ["collects", "is_watched_by_a_library", "logs"])
def test_no_interrupt_is_raised_where_it_would_be_swallowed_or_leave_a_lock(job_type: str) -> None:
    with ready() as here:
        settlement = run(here, job_type)
        assert settlement.verdict is Verdict.RETRY
        assert _log[-1] == "not yet interrupted"
    logging.getLogger("test.interrupts").handlers.clear()


# Handlers that end at about their limit, and signals at any moment

stress = PoolJobs()
_ends: list[int] = []


@stress.job(time_limit=TimeLimit(soft=0.001))
def about_a_millisecond(number: int, secs: float) -> None:
    until = time.monotonic() + secs
    while time.monotonic() < until:
        pass
    _ends.append(number)


@stress.job(time_limit=TimeLimit(soft=0.001))
async def about_a_millisecond_async(number: int, secs: float) -> None:
    await asyncio.sleep(secs)
    _ends.append(number)


@stress.job
def unlimited(number: int, secs: float) -> None:
    about_a_millisecond(number=number, secs=secs)


@contextmanager
def storm() -> Iterator[None]:
    """Another process sends signal after signal, a few for each job."""
    send = f"import os\nwhile True: os.kill({os.getpid()}, {int(INTERRUPT)}); [None for _ in range(2000)]"
    with subprocess.Popen([sys.executable, "-c", send]) as sender:
        try:
            yield
        finally:
            sender.kill()


@pytest.mark.parametrize(
    ("job_type", "tasks"),
    [("about_a_millisecond", False), ("about_a_millisecond_async", False), ("about_a_millisecond_async", True)],
)
def test_a_storm_of_signals_leaves_one_verdict_a_job(job_type: str, *, tasks: bool) -> None:
    """An interrupt in the dispatcher's own code would come out of ``run``, or fail a job that ran to its end."""
    randomness = random.Random(4711)
    verdicts: dict[Verdict, int] = {}
    _ends.clear()
    with dispatching(stress, tasks=tasks) as here:
        here.interrupter.install()
        with storm():
            for number in range(600):
                chosen = job_type if number % 3 else "unlimited"
                job = here.claimed(chosen, {"number": number, "secs": randomness.uniform(0.0, 0.002)})
                settlement = here.run(job, monotonic_ns())
                verdicts[settlement.verdict] = verdicts.get(settlement.verdict, 0) + 1
                done = settlement.verdict is Verdict.COMPLETED
                assert done or (settlement.error or "").startswith("pooljobs.handler.interrupts.TimeLimitExceeded")
                assert not done or _ends[-1] == number
                assert done or chosen != "unlimited"
    assert set(verdicts) == {Verdict.COMPLETED, Verdict.RETRY}
    assert min(verdicts.values()) > 50


def test_a_handler_that_catches_everything_is_told_once() -> None:
    swallower = PoolJobs()
    caught: list[str] = []

    @swallower.job(time_limit=0.001)
    def swallows() -> None:
        try:
            time.sleep(10)
        except TimeLimitExceeded:
            caught.append("here")
        for _ in range(50):
            time.sleep(0.001)

    with dispatching(swallower) as here:
        here.interrupter.install()
        with storm():
            assert run(here, "swallows").verdict is Verdict.COMPLETED
    assert caught == ["here"]
