"""What a run leaves in context variables or in the decimal context no other sees; what providers leave stays."""

from __future__ import annotations

import contextvars
import decimal
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from pooljobs import PoolJobs, State
from pooljobs.handler.context import current_job, enter
from pooljobs.job.verdict import Verdict
from pooljobs_worker.dispatch.run_contexts import RunContexts
from tests.unit.worker.dispatching import dispatching

LEFT: contextvars.ContextVar[str] = contextvars.ContextVar("LEFT", default="nothing")
PLACES = 50

app = PoolJobs()
seen: list[object] = []


class Tool:
    """Some state, whose provider wants its token back."""


ended: list[str] = []


def tool() -> Iterator[Tool]:
    token = LEFT.set("by the provider")
    seen.append(current_job())
    yield Tool()
    ended.append(LEFT.get())
    LEFT.reset(token)


app.provide(Tool, tool)


@app.job
def leaves() -> None:
    seen.append(LEFT.get())
    LEFT.set("by a run")


@app.job
async def leaves_async() -> None:
    seen.append(LEFT.get())
    LEFT.set("by a run")


@app.job
def computes() -> None:
    seen.append((decimal.getcontext().prec, str(Decimal(1) / Decimal(3))))
    decimal.getcontext().prec = 3


@app.job
async def computes_async() -> None:
    seen.append((decimal.getcontext().prec, str(Decimal(1) / Decimal(3))))
    decimal.getcontext().prec = 3


@app.job
def asks(tool: State[Tool]) -> None:
    seen.append(LEFT.get())


def run(jobs: list[str], **how: Any) -> list[object]:
    """What the runs saw, as they saw it."""
    seen.clear()
    with dispatching(app, **how) as here:
        for job_type in jobs:
            assert here.run(here.claimed(job_type), 1).verdict is Verdict.COMPLETED
    return list(seen)


WAYS = pytest.mark.parametrize("how", [{}, {"background": True}, {"tasks": True}], ids=["main", "thread", "task"])


def in_context(function: Any) -> Any:
    """The worker's main thread, for the test: what the application has set when it was imported."""
    return contextvars.Context().run(function)


@WAYS
@pytest.mark.parametrize("job_type", ["leaves", "leaves_async"])
def test_a_variable_is_as_the_worker_has_it(how: dict[str, bool], job_type: str) -> None:
    def application() -> list[object]:
        LEFT.set("by the application")
        return run([job_type] * 3, **how)

    assert in_context(application) == ["by the application"] * 3


@WAYS
@pytest.mark.parametrize("job_type", ["computes", "computes_async"])
def test_decimals_are_computed_as_the_application_says(how: dict[str, bool], job_type: str) -> None:
    def application() -> list[object]:
        decimal.getcontext().prec = PLACES
        return run([job_type] * 3, **how)

    assert in_context(application) == [(PLACES, "0." + "3" * PLACES)] * 3


@WAYS
@pytest.mark.parametrize("job_type", ["computes", "computes_async"])
def test_decimals_are_computed_as_by_default_where_the_application_says_nothing(
    how: dict[str, bool], job_type: str
) -> None:
    default = decimal.DefaultContext.prec
    assert in_context(lambda: run([job_type] * 3, **how)) == [(default, "0." + "3" * default)] * 3


def test_a_decimal_context_that_nobody_changed_costs_a_run_nothing() -> None:
    """psycopg's import makes one in every worker; traps that were changed, and no precision, are a change."""

    def copied(change: Callable[[decimal.Context], object]) -> bool:
        change(decimal.getcontext())
        return RunContexts().enter is not enter

    assert not in_context(lambda: copied(lambda context: context.divide(Decimal(1), Decimal(3))))
    assert in_context(lambda: copied(lambda context: context.traps.update({decimal.Inexact: True})))
    assert in_context(lambda: copied(lambda context: setattr(context, "prec", PLACES)))


@WAYS
def test_decimals_of_one_run_are_not_anothers_where_a_library_computed_some(how: dict[str, bool]) -> None:
    def application() -> list[object]:
        decimal.getcontext()
        return run(["computes"] * 2, **how)

    default = decimal.DefaultContext.prec
    assert in_context(application) == [(default, "0." + "3" * default)] * 2


@WAYS
def test_state_is_made_and_resumed_in_one_context_that_is_no_runs(how: dict[str, bool]) -> None:
    ended.clear()
    assert in_context(lambda: run(["asks", "asks"], **how)) == [None, "nothing", "nothing"]
    in_context(app.state.close)
    assert ended == ["by the provider"]
