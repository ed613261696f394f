"""Flask's context is around each run, and what is registered for its end hears how the run ended."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest
from flask import Flask, current_app, has_app_context

from pooljobs import JobContext, PoolJobs
from pooljobs.contrib.flask import run_in_context
from pooljobs_worker.dispatch.surround import CONTEXT, surrounded

JOB = JobContext(uuid4(), "a", "default", 1, 3)


def test_plain_and_async_handlers_run_inside() -> None:
    web, jobs = Flask("shop"), PoolJobs()
    run_in_context(jobs, web)
    ended: list[str] = []
    web.teardown_appcontext(lambda error: ended.append(repr(error)))

    def plain() -> None:
        assert current_app.name == "shop"

    async def asynchronous() -> None:
        await asyncio.sleep(0)
        assert current_app.name == "shop"
        raise LookupError

    surrounded(plain, jobs.hooks.around, is_async=False)(**{CONTEXT: JOB})
    with pytest.raises(LookupError):
        asyncio.run(surrounded(asynchronous, jobs.hooks.around, is_async=True)(**{CONTEXT: JOB}))
    assert ended == ["None", "LookupError()"]
    assert not has_app_context()
