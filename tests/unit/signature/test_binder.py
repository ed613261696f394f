from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pooljobs import JobContext, PayloadError, State
from pooljobs.handler.state import StateContainer
from pooljobs.signature.binder import Binder, compile_binder
from pooljobs.signature.inspection import read_signature


class Mailer:
    pass


@dataclass
class Mail:
    to: str
    on: date | None = None


CONTEXT = JobContext(uuid4(), "send", "default", 1, 3)


def untyped(a, b=2): ...  # type: ignore[no-untyped-def] # noqa: ANN001,ANN201 - the fast path
def typed(day: date, times: int = 1) -> None: ...
def whole(mail: Mail) -> None: ...
def whole_default(payload: Mail = Mail("nobody")) -> None: ...  # noqa: B008 - users write it so
def by_position(day: date, /, *, times: int = 1) -> None: ...
def with_context(a, ctx: JobContext): ...  # type: ignore[no-untyped-def] # noqa: ANN001,ANN201 - no converter
def extras(day: date, ctx: JobContext, **rest: date) -> None: ...
def injected(mail: Mail, mailer: State[Mailer], ctx: JobContext) -> None: ...
def nothing() -> None: ...
def exact(*, n: int, text: str = "", share: float = 0.0, done: bool = False, data: Any = 0) -> None: ...
def converted(
    *, n: int, text: str = "", share: float = 0.0, done: bool = False, data: Any = 0, day: date = date.min
) -> None: ...


def binder(handler: Callable[..., None]) -> Binder:
    return compile_binder("send", read_signature(handler, "send"))


@pytest.mark.parametrize(
    ("handler", "payload", "arguments"),
    [
        (nothing, {}, ((), {})),
        (untyped, {"a": 1}, ((), {"a": 1})),
        (untyped, {"b": 1, "a": None}, ((), {"a": None, "b": 1})),
        (typed, {"day": "2026-01-02"}, ((), {"day": date(2026, 1, 2)})),
        (whole, {"to": "x"}, ((), {"mail": Mail("x")})),
        (by_position, {"day": "2026-01-02", "times": 2}, ((date(2026, 1, 2),), {"times": 2})),
    ],
)
def test_a_payload_becomes_arguments(handler: Callable[..., None], payload: object, arguments: object) -> None:
    assert binder(handler).check(payload) == arguments


def test_injected_parameters_are_added() -> None:
    state = StateContainer()
    state.provide(Mailer, Mailer)
    payload = {"to": "x"}
    _, given = binder(injected).check(payload)
    kwargs = binder(injected).inject(given, lambda: CONTEXT, state)
    assert kwargs == {"mail": Mail("x"), "mailer": state.get(Mailer), "ctx": CONTEXT}
    assert payload == {"to": "x"}
    assert binder(injected).state_types == (Mailer,)


def test_injecting_leaves_the_payload_as_it_was() -> None:
    payload = {"a": 1}
    _, given = binder(with_context).check(payload)
    assert binder(with_context).inject(given, lambda: CONTEXT, StateContainer()) == {"a": 1, "ctx": CONTEXT}
    assert payload == {"a": 1}


def test_extra_keys_go_to_a_handler_that_takes_them() -> None:
    payload = {"day": "2026-01-02", "other": "2026-01-03"}
    _, given = binder(extras).check(payload)
    kwargs = binder(extras).inject(given, lambda: CONTEXT, StateContainer())
    assert kwargs == {"day": date(2026, 1, 2), "other": date(2026, 1, 3), "ctx": CONTEXT}


@pytest.mark.parametrize(
    ("handler", "payload", "message"),
    [
        (nothing, {"a": 1}, "send: payload has an unknown field 'a' (it takes none)"),
        (nothing, None, "send: payload: expected an object of keyword arguments, got null"),
        (untyped, {}, "send: payload has no field 'a'"),
        (untyped, {"a": 1, "c": 2}, "send: payload has an unknown field 'c' (it takes: a, b)"),
        (untyped, [1], "send: payload: expected an object of keyword arguments, got a list of length 1"),
        (typed, {"times": 1}, "send: payload has no field 'day'"),
        (typed, {"day": "x"}, "send: payload.day: expected a date in ISO 8601, got a string of length 1"),
        (typed, {"day": "2026-01-02", "hours": 1}, "send: payload has an unknown field 'hours' (it takes: day, times)"),
        (whole, {}, "send: payload has no field 'to'"),
        (whole, {"to": "x", "on": 3}, "send: payload.on: expected a date in ISO 8601, got an integer"),
        (injected, {"to": "x", "ctx": 1}, "send: payload has an unknown field 'ctx' (it takes: to, on)"),
        (extras, {"day": "2026-01-02", "ctx": 1}, "send: payload has an unknown field 'ctx' (it takes: day)"),
        (extras, {"day": "2026-01-02", "x": 1}, "send: payload.x: expected a date in ISO 8601, got an integer"),
    ],
)
def test_a_payload_that_does_not_fit_is_refused(handler: Callable[..., None], payload: object, message: str) -> None:
    with pytest.raises(PayloadError) as caught:
        binder(handler).check(payload)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("handler", "args", "kwargs", "payload"),
    [
        (untyped, (1,), {"b": 3}, {"a": 1, "b": 3}),
        (untyped, (), {"a": 1}, {"a": 1}),
        (whole, (Mail("x"),), {}, Mail("x")),
        (whole, (), {"mail": {"to": "x"}}, {"to": "x"}),
        (whole_default, (), {}, Mail("nobody")),
        (nothing, (), {}, {}),
    ],
)
def test_a_call_becomes_a_payload(
    handler: Callable[..., None], args: tuple[Any, ...], kwargs: dict[str, Any], payload: object
) -> None:
    assert binder(handler).payload_of(args, kwargs) == payload


@pytest.mark.parametrize(
    ("handler", "args", "kwargs", "message"),
    [
        (untyped, (1, 2, 3), {}, "send: 3 positional arguments given, and its payload takes: a, b"),
        (untyped, (1,), {"a": 1}, "send: payload field 'a' is given twice"),
        (whole, (), {}, "send: payload is missing"),
        (whole, (Mail("x"),), {"other": 1}, "send: payload has an unknown field 'other' (it takes: mail)"),
        (whole, (), {"to": "x"}, "send: payload has an unknown field 'to' (it takes: mail)"),
    ],
)
def test_a_call_that_means_no_payload_is_refused(
    handler: Callable[..., None], args: tuple[Any, ...], kwargs: dict[str, Any], message: str
) -> None:
    with pytest.raises(PayloadError) as caught:
        binder(handler).payload_of(args, kwargs)
    assert str(caught.value) == message


def test_items_are_whole_payloads_or_keywords() -> None:
    assert binder(whole).payload_of_item(Mail("x")) == Mail("x")
    assert binder(untyped).payload_of_item({"a": 1}) == {"a": 1}
    with pytest.raises(PayloadError, match=r"each item must be a dict of keyword arguments, not a string of length 5"):
        binder(untyped).payload_of_item("x.png")


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(), st.lists(st.integers())
)


@given(st.dictionaries(st.sampled_from(["n", "text", "share", "done", "data", "else"]), VALUES))
def test_what_is_only_looked_at_comes_to_what_is_converted(payload: dict[str, Any]) -> None:
    """Of the two handlers one has a parameter more, so that its payloads are converted one by one."""
    found: list[object] = []
    for handler in (exact, converted):
        try:
            _, arguments = binder(handler).check(dict(payload))
        except PayloadError as error:
            found.append(str(error).replace(", day", ""))
        else:
            found.append({name: (type(value), value) for name, value in arguments.items()})
    assert found[0] == found[1]
