from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Annotated, Any

import pytest

from pooljobs import DeclarationError, PoolJobs, State
from pooljobs.handler.state import StateContainer, state_type
from tests.support.forking import exit_code_of


class Mailer:
    def __init__(self) -> None:
        self.pid = os.getpid()
        self.closed = False


class Clock:
    pass


def test_the_marker_is_seen_at_run_time() -> None:
    assert state_type(State[Mailer]) is Mailer
    assert state_type(Mailer) is None
    assert state_type(Annotated[Mailer, "documented"]) is None


def test_to_a_type_checker_the_marked_type_is_the_type_itself() -> None:
    def handler(mailer: State[Mailer]) -> int:
        return mailer.pid  # mypy checks this line

    assert handler(Mailer()) == os.getpid()


def test_the_factory_is_called_once_and_only_when_asked() -> None:
    made: list[Mailer] = []

    def make() -> Mailer:
        made.append(Mailer())
        return made[-1]

    state = StateContainer()
    state.provide(Mailer, make)
    assert made == []
    with ThreadPoolExecutor(4) as threads:
        values = list(threads.map(lambda _: state.get(Mailer), range(40)))
    assert made == [values[0]]
    assert set(values) == set(made)


def test_missing_names_what_nobody_provides_once_each() -> None:
    state = StateContainer()
    state.provide(Mailer, Mailer)
    assert state.missing([Mailer, Clock, Clock]) == (Clock,)


def test_getting_what_nobody_provides_says_how_to_provide_it() -> None:
    with pytest.raises(DeclarationError, match=r"nobody provides State\[Clock\]") as caught:
        StateContainer().get(Clock)
    assert "app.provide(Clock, factory)" in str(caught.value.hint)


def test_generator_factories_are_resumed_last_made_first_and_others_left_alone() -> None:
    ended: list[str] = []

    def first() -> Iterator[str]:
        yield "first"
        ended.append("first")

    @contextmanager
    def second() -> Iterator[int]:
        yield 2
        ended.append("second")

    state = StateContainer()
    state.provide(str, first)
    state.provide(int, second)
    lock = threading.Lock()  # has __enter__, and must not be entered
    state.provide(float, lambda: lock)
    assert (state.get(str), state.get(int), state.get(float)) == ("first", 2, lock)
    assert not lock.locked()
    state.close()
    assert ended == ["second", "first"]
    state.close()
    assert ended == ["second", "first"]


def test_a_generator_under_partial_is_resumed_too() -> None:
    ended: list[str] = []

    def make(text: str) -> Iterator[str]:
        yield text
        ended.append(text)

    state = StateContainer()
    state.provide(str, partial(make, "x"))
    assert state.get(str) == "x"
    state.close()
    assert ended == ["x"]


def test_a_factory_may_ask_for_another_value() -> None:
    state = StateContainer()
    state.provide(Mailer, Mailer)
    state.provide(tuple, lambda: (state.get(Mailer),))
    assert state.get(tuple) == (state.get(Mailer),)


def test_a_factory_that_failed_is_tried_again() -> None:
    tries: list[int] = []

    def make() -> Mailer:
        tries.append(1)
        if len(tries) == 1:
            raise OSError("not yet")
        return Mailer()

    state = StateContainer()
    state.provide(Mailer, make)
    with pytest.raises(OSError, match="not yet"):
        state.get(Mailer)
    assert isinstance(state.get(Mailer), Mailer)


def test_a_value_made_in_the_parent_is_neither_used_nor_closed_in_the_child() -> None:
    ended: list[int] = []

    def make() -> Iterator[Mailer]:
        try:
            yield Mailer()
        finally:
            ended.append(os.getpid())

    state = StateContainer()
    state.provide(Mailer, make)
    parents = state.get(Mailer)

    def child() -> bool:
        state.close()  # nothing of its own yet
        untouched = ended == []
        fresh = state.get(Mailer)
        state.close()
        return untouched and fresh.pid == os.getpid() and ended == [os.getpid()]

    assert exit_code_of(child) == 0
    assert state.get(Mailer) is parents
    state.close()
    assert ended == [os.getpid()]


@pytest.mark.parametrize(
    ("factory", "complaint"),
    [
        (Mailer(), "cannot be called"),
        (lambda dsn: dsn, "nobody would fill its parameter dsn"),
    ],
)
def test_a_factory_that_could_never_work_is_refused_at_once(factory: Any, complaint: str) -> None:
    with pytest.raises(DeclarationError, match=complaint):
        PoolJobs().provide(Mailer, factory)
