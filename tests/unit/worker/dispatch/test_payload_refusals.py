"""A payload that this code does not take: what counts as one, what becomes of its job, and what is said of it."""

from __future__ import annotations

import errno
import json
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any, TypedDict

import pytest
from pydantic import BaseModel, ConfigDict, Field, field_validator

from pooljobs import JobContext, PoolJobs, State
from pooljobs.job.verdict import Settlement, Verdict
from pooljobs.scoreboard import EntryState
from pooljobs_worker.execution.admission import unfinished
from pooljobs_worker.runtime import exhaustion
from tests.support.serving import ROOT
from tests.unit.worker.dispatching import dispatching

app = PoolJobs()
called: list[str] = []


class Colour(Enum):
    RED = "red"

    @classmethod
    def _missing_(cls, value: object) -> Colour:
        raise KeyError(value)


@dataclass
class Node:
    name: str
    next: Node | None = None


@dataclass
class Order:
    id: int
    note: str = ""

    def __post_init__(self) -> None:
        if self.id < 0:
            raise ValueError("an id is positive")
        self.note.nonsense  # type: ignore[attr-defined] # noqa: B018 - a bug of the user's


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid")
    when: date = Field(alias="on")

    @field_validator("when")
    @classmethod
    def not_too_early(cls, when: date) -> date:
        if when.year < 2000:
            raise LookupError("secret-validator")
        return when


class Width(TypedDict):
    width: int


class Unmade:
    """Nothing that can be made."""


def unmade() -> Unmade:
    raise RuntimeError("no connection")


app.provide(Unmade, unmade)


@app.job
def send(ctx: JobContext, to: str, subject: str = "") -> None:
    called.append("send")


@app.job
def paint(colour: Colour) -> None:
    called.append("paint")


@app.job
def walk(node: Node) -> None:
    called.append("walk")


@app.job
def order(order: Order) -> None:
    called.append("order")


@app.job
def model(model: Model) -> None:
    called.append("model")


@app.job
def union(value: Node | Order | int) -> None:
    called.append("union")


@app.job
def by_position(n: int, /, *, m: int = 0) -> None:
    called.append("by_position")


@app.job
def rest(n: int, ctx: JobContext, **others: date) -> None:
    called.append("rest")


@app.job
def typed(options: Width) -> None:
    called.append("typed")


@app.job
async def later(n: int) -> None:
    called.append("later")


@app.job
def asks(n: int, thing: State[Unmade]) -> None:
    called.append("asks")


@app.job
def enqueues_badly(n: int) -> None:
    send.binder.check({"nonsense": n})


def run(
    job_type: str, payload: Any, *, refused_for: float | None = None, unknown_after: float = 600.0, tasks: bool = False
) -> Settlement:
    called.clear()
    with dispatching(app, tasks=tasks, unknown_after=unknown_after) as here:
        job = here.claimed(job_type)
        job.payload = payload
        job.refused_for = refused_for
        return here.run(job, 1)


DEEP: Any = None
for _ in range(2000):
    DEEP = {"name": "x", "next": DEEP}


@pytest.mark.parametrize(
    ("job_type", "payload", "finding"),
    [
        (
            "send",
            {"to": "x", "urgent": True},
            "send: payload has an unknown field 'urgent' (it takes: to, subject)",
        ),
        ("send", {}, "send: payload has no field 'to'"),
        ("send", {"to": 3}, "send: payload.to: expected a string, got an integer"),
        ("send", [1], "send: payload: expected an object of keyword arguments, got a list"),
        ("send", "text", "send: payload: expected an object of keyword arguments, got a string of length 4"),
        ("send", None, "send: payload: expected an object of keyword arguments, got null"),
        ("send", {"to": 10**400}, "send: payload.to: expected a string, got an integer"),
        ("paint", {"colour": "green"}, "paint: payload.colour: Colour refused it: KeyError: 'green'"),
        ("walk", {"name": "x", "next": {"nom": "y"}}, "walk: payload.next has an unknown field 'nom'"),
        ("walk", DEEP, "walk: payload: nested too deeply to be read"),
        ("order", {"id": -1}, "order: payload: Order refused it: an id is positive"),
        (
            "order",
            {"id": 1},
            "order: payload: Order refused it: AttributeError: 'str' object has no attribute 'nonsense'",
        ),
        ("model", {"on": "2026-01-02", "at": 1}, "model: payload.at: Extra inputs are not permitted (Model)"),
        ("model", {"on": "1999-01-02"}, "model: payload: Model refused it: LookupError: secret-validator"),
        ("union", {"value": "x"}, "union: payload.value: expected Node or Order or int, got a string of length 1"),
        ("by_position", {"m": 1}, "by_position: payload has no field 'n'"),
        ("rest", {"n": 1, "x": "y"}, "rest: payload.x: expected a date in ISO 8601, got a string of length 1"),
        ("typed", [1], "typed: payload: expected an object with the fields of Width, got a list"),
        ("later", {"n": 1, "m": 2}, "later: payload has an unknown field 'm' (it takes: n)"),
    ],
)
@pytest.mark.parametrize("tasks", [False, True])
def test_what_no_argument_can_be_made_of_is_refused_and_the_handler_is_not_called(
    job_type: str, payload: Any, finding: str, *, tasks: bool
) -> None:
    settlement = run(job_type, payload, tasks=tasks)
    error = settlement.error or ""
    assert settlement.verdict is Verdict.REFUSED
    assert settlement.started_ns == 0  # no run is charged
    assert settlement.delay is not None
    assert 1.0 <= settlement.delay <= 2.0
    assert error.startswith(f"refused by this worker's code, and waits for another's: {finding}")
    assert "the payload has: " in error
    assert "the handler takes: " in error
    assert "pooljobs" not in error.replace(str(ROOT), ""), "a frame of ours"  # the checkout itself may be called so
    assert called == []


@pytest.mark.parametrize(
    ("job_type", "payload", "verdict"),
    [
        ("asks", {"n": 1}, Verdict.RETRY),  # what is injected could not be made
        ("enqueues_badly", {"n": 1}, Verdict.RETRY),  # the handler's own PayloadError
        ("send", {"to": "x"}, Verdict.COMPLETED),
        ("rest", {"n": 1, "x": "2026-01-02"}, Verdict.COMPLETED),
    ],
)
def test_what_comes_after_that_is_the_handlers(job_type: str, payload: Any, verdict: Verdict) -> None:
    settlement = run(job_type, payload)
    assert settlement.verdict is verdict
    assert settlement.started_ns


def test_both_sides_are_named() -> None:
    assert (run("send", {"to": "x", "urgent": True}).error or "").splitlines()[1:] == [
        "",
        "the payload has: to, urgent",
        "the handler takes: to, subject",
    ]


@pytest.mark.parametrize(
    ("job_type", "names"),
    [
        ("walk", "name, next"),
        ("model", "on"),
        ("typed", "width"),
        ("rest", "n, and any other"),
        ("by_position", "n, m"),
        ("paint", "colour"),
    ],
)
def test_the_handlers_fields_are_those_of_what_takes_the_payload(job_type: str, names: str) -> None:
    assert f"the handler takes: {names}\n" in f"{run(job_type, [1]).error}\n"


def test_a_bug_in_a_class_of_the_users_shows_where_it_is() -> None:
    error = run("order", {"id": 1}).error or ""
    assert "in __post_init__" in error
    assert "self.note.nonsense" in error


@pytest.mark.parametrize(("refused_for", "unknown_after"), [(600.0, 600.0), (None, 0.0), (0.1, 0.0), (1e6, 600.0)])
def test_it_has_failed_when_the_time_is_over(refused_for: float | None, unknown_after: float) -> None:
    finding = "send: payload has an unknown field 'urgent' (it takes: to, subject)"
    settlement = run("send", {"urgent": True}, refused_for=refused_for, unknown_after=unknown_after)
    assert settlement.verdict is Verdict.FAILED
    assert settlement.started_ns == 0
    assert (settlement.error or "").splitlines() == [
        f"refused by the code of each worker that took it, for {unknown_after:g} s (--unknown-after): {finding}",
        "",
        "the payload has: urgent",
        "the handler takes: to, subject",
    ]


def test_names_are_bounded_in_number_and_length_and_values_are_not_told() -> None:
    payload = {f"field_{n}": f"secret-{n}" for n in range(5000)} | {"x" * 100_000: "secret"}
    error = run("send", payload).error or ""
    assert len(error) < 1500
    assert "and 4971 more" in error
    assert "secret" not in error
    long_name = run("send", {"to": "x", "\n" * 100_000: "secret"}).error or ""
    assert len(long_name) < 1000
    assert len(long_name.splitlines()) == 4


def test_a_deep_place_is_cut_short() -> None:
    payload: Any = {"nom": "x"}
    for _ in range(200):
        payload = {"name": "x", "next": payload}
    assert len(run("walk", payload).error or "") < 1000


@pytest.mark.parametrize("error", [MemoryError(), OSError(errno.EMFILE, "x")])
@pytest.mark.parametrize(("lacking", "verdict"), [("", Verdict.RETRY), ("memory", Verdict.SUSPECTED)])
def test_what_is_short_is_the_workers_and_no_refusal(
    monkeypatch: pytest.MonkeyPatch, error: Exception, lacking: str, verdict: Verdict
) -> None:
    def short(self: Node) -> None:
        raise error

    monkeypatch.setattr(exhaustion, "lacking", lambda: lacking)
    monkeypatch.setattr(Node, "__post_init__", short, raising=False)
    monkeypatch.setattr(Node, "__init__", lambda self, **_: short(self))
    assert run("walk", {"name": "x"}).verdict is verdict


def test_one_that_was_to_be_cancelled_is_cancelled_and_does_not_wait() -> None:
    with dispatching(app) as here:
        job = here.claimed("send", {"urgent": True})
        here.slot.ask_cancel(0, job.token)
        settlement = here.run(job, 1)
    assert settlement.verdict is Verdict.CANCELLED
    assert settlement.started_ns == 0


def test_an_error_that_cannot_be_printed_is_told_by_its_class() -> None:
    class Unprintable(Exception):  # noqa: N818
        def __str__(self) -> str:
            raise RuntimeError

    def refuse(payload: object) -> Any:
        raise Unprintable

    task = PoolJobs().job(lambda: None)
    object.__setattr__(task.binder, "check", refuse)
    other = PoolJobs()
    other._tasks["odd"] = task
    with dispatching(other) as here:
        settlement = here.run(here.claimed("odd", {"a": 1}), 1)
    assert (settlement.error or "").startswith("refused by this worker's code, and waits for another's: Unprintable\n")


def test_what_postgresql_cannot_store_does_not_get_into_the_text() -> None:
    error = run("send", json.loads(r'{"to": "x", "\u0000\ud800": 1}')).error or ""
    assert "\0" not in error
    error.encode()


@pytest.mark.hazard(
    "A worker dies with a refused job whose settlement is not stored, and the job is charged a run",
    closed="it is shown as given back on the scoreboard (`worker/pooljobs_worker/execution/admission.py`)",
    area="versions",
)
def test_the_scoreboard_shows_a_refused_job_as_given_back() -> None:
    """A worker that dies before its settlement is stored has not run it; nor one of a type that nobody knows."""
    assert unfinished(run("send", {"urgent": True})) is EntryState.GIVEN_BACK
    assert unfinished(run("send", {"urgent": True}, unknown_after=0.0)) is EntryState.GIVEN_BACK
    assert unfinished(run("nobody", {})) is EntryState.GIVEN_BACK
    assert unfinished(run("enqueues_badly", {"n": 1})) is EntryState.FAILED
