"""Both ways to wait for a handler come to the same verdict, with the handler's own frames and no others."""

from __future__ import annotations

import asyncio

import pytest

from pooljobs import JobContext, PoolJobs, State
from pooljobs.job.verdict import Settlement, Verdict
from tests.unit.worker.dispatching import dispatching

app = PoolJobs()


class Thing:
    """Some state."""


app.provide(Thing, Thing)


@app.job
async def returns(ctx: JobContext) -> None:
    await asyncio.sleep(0)
    assert ctx.attempt == 1


@app.job
async def raises() -> None:
    await asyncio.sleep(0)
    raise SystemExit("out")


@app.job(retry_policy="none")
async def is_cancelled() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(0)


@app.job
async def asks_for_state(thing: State[Thing]) -> None:
    assert isinstance(thing, Thing)


@app.job
def plain() -> None:
    return


@app.job
def hides_a_coroutine() -> object:
    return asyncio.sleep(0)


def verdicts(job_type: str, payload: object = None, unreadable: str | None = None) -> list[Settlement]:
    """As a call of the dispatcher's, then as a task."""
    found = []
    for tasks in (False, True):
        with dispatching(app, tasks=tasks) as here:
            job = here.claimed(job_type, payload)
            job.unreadable = unreadable
            found.append(here.run(job, 1))
    return found


@pytest.mark.parametrize(
    ("job_type", "payload", "unreadable", "verdict", "error"),
    [
        ("returns", None, None, Verdict.COMPLETED, ""),
        ("raises", None, None, Verdict.RETRY, "SystemExit: out"),
        ("is_cancelled", None, None, Verdict.FAILED, "asyncio.exceptions.CancelledError"),
        ("raises", {"colour": "red"}, None, Verdict.REFUSED, "refused by this worker's code"),
        ("raises", None, "too deep", Verdict.FAILED, "too deep"),
    ],
)
def test_the_twins_agree(job_type: str, payload: object, unreadable: str | None, verdict: Verdict, error: str) -> None:
    first, second = verdicts(job_type, payload, unreadable)
    assert first == second
    assert first.verdict is verdict
    assert (first.error or "").startswith(error)
    assert "pooljobs_worker" not in (first.error or "")


def test_an_error_shows_the_handler() -> None:
    for settlement in verdicts("raises"):
        assert 'raise SystemExit("out")' in (settlement.error or "")


def test_only_declared_coroutines_whose_state_is_made_are_tasks() -> None:
    with dispatching(app) as here:
        is_task = here.dispatcher.is_task
        kinds = ("returns", "plain", "hides_a_coroutine", "nobody", "asks_for_state")
        assert [is_task(here.claimed(kind)) for kind in kinds] == [True, False, False, False, False]
        here.run(here.claimed("asks_for_state"), 1)
        assert is_task(here.claimed("asks_for_state"))


@app.job(name="renamed", aliases=("former",), time_limit=60)
async def was_renamed(ctx: JobContext) -> None:
    assert ctx.job_type == "former"


def test_a_job_of_a_former_name_is_run_by_the_handler_and_keeps_its_name() -> None:
    for settlement in verdicts("former"):
        assert settlement.verdict is Verdict.COMPLETED, settlement.error
    with dispatching(app) as here:
        assert here.dispatcher.is_task(here.claimed("former"))
        assert here.interrupter._limits["former"] == here.interrupter._limits["renamed"]


def test_the_only_run_of_a_handler_that_is_never_retried_is_its_last() -> None:
    """Whatever the row says: a producer that does not import the handler writes the default there."""
    lasts = []

    def note(ctx: JobContext) -> None:
        lasts.append((ctx.attempt, ctx.max_retries, ctx.is_last_attempt))

    own = PoolJobs()
    own.job(name="once", retry_policy="none")(note)
    own.job(name="often")(note)
    with dispatching(own) as world:
        for job_type in ("once", "often"):
            job = world.claimed(job_type)
            assert job.max_retries == 3
            world.run(job, 1)
    assert lasts == [(1, 1, True), (1, 3, False)]
