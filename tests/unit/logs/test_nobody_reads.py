"""A log that nobody reads: a terminal that was stopped, a pipe that is full. Nobody waits, and what is lost is told."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise

import pytest

from pooljobs.logs import line_handler
from pooljobs.logs.line_handler import LineHandler
from tests.support.waiting import wait_until
from tests.unit.logs.records import record

STOP, GO = b"\x13", b"\x11"
MANY = 20_000
"""Lines: several times what a terminal or pipe holds, and what waits."""

Reader = Callable[[], str]


@contextmanager
def handler_on(ours: int, theirs: int) -> Iterator[tuple[LineHandler, Reader]]:
    """A handler that never waits, and what reads the other end without waiting."""
    taken = bytearray()

    def read() -> str:
        try:
            while data := os.read(ours, 65536):
                taken.extend(data)
        except BlockingIOError:
            pass
        return taken.decode()

    os.set_blocking(ours, False)
    with ExitStack() as stack:
        stack.callback(os.close, ours)
        stream = stack.enter_context(os.fdopen(theirs, "w"))
        handler = LineHandler(stream)
        stack.callback(handler.close)
        handler.never_wait()
        yield handler, read


@pytest.mark.hazard("Ctrl-S stops the terminal, and with a line of the log the supervisor")
@pytest.mark.parametrize("ends", [os.openpty, os.pipe], ids=["terminal", "pipe"])
def test_nobody_waits_and_what_was_dropped_is_told_in_its_place(ends: Callable[[], tuple[int, int]]) -> None:
    def all_read() -> bool:
        handler.flush()
        return f"line {MANY - 1}\n" in read().replace("\r", "")

    with handler_on(*ends()) as (handler, read):
        for number in range(MANY):
            handler.emit(record(f"line {number}"))
        assert handler.backlog > 0
        wait_until(all_read, what="the last line")
        assert handler.backlog == 0
        lines = read().split()
        numbers = [int(word) for before, word in pairwise(lines) if before == "line"]
        assert numbers == sorted(numbers)
        assert numbers[0] == 0
        text = read().replace("\r", "")
        (dropped,) = [line for line in text.splitlines() if "were dropped here" in line]
        assert int(dropped.split()[0]) == MANY - len(numbers)


def test_a_terminal_that_was_stopped_gets_its_lines_when_it_goes_on() -> None:
    def arrived() -> bool:
        handler.flush()
        return "second" in read()

    ours, theirs = os.openpty()
    with handler_on(ours, theirs) as (handler, read):
        os.write(ours, STOP)
        handler.emit(record("first"))
        handler.emit(record("second"))
        assert "first" not in read()
        os.write(ours, GO)
        wait_until(arrived, what="the lines")
        assert read().split()[:2] == ["first", "second"]


def test_others_who_have_the_terminal_open_write_to_it_as_before() -> None:
    ours, theirs = os.openpty()
    with handler_on(ours, theirs) as (handler, _):
        assert os.get_blocking(theirs)
        assert handler.terminal is None, "escape codes were not asked for"


def test_a_process_that_may_wait_does_so_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_handler, "_PATIENCE", 0.3)
    read_end, write_end = os.pipe()
    with os.fdopen(read_end), os.fdopen(write_end, "w") as stream:
        handler = LineHandler(stream)
        began = time.monotonic()
        for _ in range(MANY):
            handler.emit(record("x" * 100))
        handler.close()
        assert time.monotonic() - began >= 0.3, "it waited for a reader"
        assert time.monotonic() - began < 0.3 * MANY / 100, "and not for each line"


def test_a_child_leaves_what_waits_to_its_parent() -> None:
    ours, theirs = os.openpty()
    with handler_on(ours, theirs) as (handler, read):
        os.write(ours, STOP)
        handler.emit(record("of the parent"))
        child = os.fork()
        if child == 0:
            handler.never_wait()
            handler.emit(record("of the child"))
            handler.flush()
            os._exit(0)
        os.waitpid(child, 0)
        os.write(ours, GO)
        handler.flush()
        wait_until(lambda: "of the parent" in read(), what="the line")
        assert read().count("of the parent") == 1
