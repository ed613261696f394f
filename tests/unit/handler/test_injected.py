"""The default of what a worker injects: how it is declared, and what happens where nobody injects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from pooljobs import DeclarationError, JobContext, PayloadError, PoolJobs, State, injected

# No test here may reach a database: this address refuses at once.
app = PoolJobs("host=127.0.0.1 port=1")


class Mailer: ...


@app.job
def greet(name: str, times: int = 1, ctx: JobContext = injected(), *, mailer: State[Mailer] = injected()) -> Any:
    return name, times, ctx, mailer


@app.job
def bare(ctx: JobContext = injected()) -> Any:
    return ctx


def test_it_is_no_part_of_the_payload() -> None:
    signature = greet.binder.signature
    assert [parameter.name for parameter in signature.payload] == ["name", "times"]
    assert (signature.contexts, signature.states) == (("ctx",), (("mailer", Mailer),))
    assert greet.binder.payload_of(("x", 2), {}) == {"name": "x", "times": 2}


def test_a_worker_injects_in_its_place() -> None:
    app.provide(Mailer, Mailer)
    context = JobContext(uuid4(), "greet", "default", 1, 3)
    args, kwargs = greet.binder.check({"name": "x"})
    kwargs = greet.binder.inject(kwargs, lambda: context, app.state)
    assert greet.function(*args, **kwargs)[:3] == ("x", 1, context)
    assert isinstance(kwargs["mailer"], Mailer)


def test_a_call_outside_of_a_job_must_give_it() -> None:
    context, mailer = JobContext(uuid4(), "greet", "default", 1, 3), Mailer()
    assert greet("x", ctx=context, mailer=mailer) == ("x", 1, context, mailer)
    with pytest.raises(TypeError, match=r"greet\(\) misses ctx, mailer: only a worker injects; give a value"):
        greet("x")
    with pytest.raises(TypeError, match=r"greet\(\) misses mailer: only"):
        greet("x", 1, context)
    with pytest.raises(TypeError, match="missing a required argument: 'name'"):
        greet()  # type: ignore[call-arg]


def test_where_the_function_itself_is_called_using_it_says_so() -> None:
    left_out = bare.function()
    assert repr(left_out) == "injected()"
    uses: list[Callable[[], object]] = [lambda: left_out.id, lambda: left_out.logger.info("x"), lambda: left_out(1)]
    for use in uses:
        with pytest.raises(TypeError, match="only a worker injects; call the handler with a value of your own"):
            use()


def test_it_is_refused_at_an_enqueue() -> None:
    context = JobContext(uuid4(), "greet", "default", 1, 3)
    with pytest.raises(PayloadError, match=r"greet: ctx, mailer is injected by the worker(?m:$)") as caught:
        greet.enqueue("x", ctx=context, mailer=Mailer())
    assert caught.value.hint == "leave it out of the enqueue"


def test_it_is_refused_for_what_nobody_injects() -> None:
    def handler(name: str = injected()) -> None: ...
    def untyped(name=injected()) -> None: ...  # type: ignore[no-untyped-def]  # noqa: ANN001

    for wrong in (handler, untyped):
        with pytest.raises(DeclarationError, match=r"name = injected\(\), and its annotation is nothing that a worker"):
            PoolJobs().job(wrong)
