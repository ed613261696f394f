"""Flask's context is around each run, and what is registered for its end hears how the run ended."""

from __future__ import annotations

import asyncio

from flask import Flask, current_app, has_app_context

from pooljobs import PoolJobs
from pooljobs.contrib.flask import run_in_context
from pooljobs.testing import Verdict
from pooljobs_testing.handler_runner import HandlerRunner
from pooljobs_testing.one_run import NOTHING_STORED, Ran, as_claimed


def test_plain_and_async_handlers_run_inside() -> None:
    web, jobs = Flask("shop"), PoolJobs()
    run_in_context(jobs, web)
    ended: list[str] = []
    web.teardown_appcontext(lambda error: ended.append(repr(error)))

    @jobs.job
    def plain() -> str:
        return current_app.name

    @jobs.job(max_attempts=1)
    async def asynchronous() -> None:
        await asyncio.sleep(0)
        raise LookupError(current_app.name)

    runner = HandlerRunner(jobs)
    ran = [
        Ran.of(runner.run(as_claimed(task.prepare({})), NOTHING_STORED, keep=True)) for task in (plain, asynchronous)
    ]
    runner.close()
    assert (ran[0].value, repr(ran[1].error)) == ("shop", "LookupError('shop')")
    assert [each.verdict for each in ran] == [Verdict.COMPLETED, Verdict.FAILED]
    assert ended == ["None", "LookupError('shop')"]
    assert not has_app_context()
