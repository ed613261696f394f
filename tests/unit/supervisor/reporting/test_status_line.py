"""The line in a terminal, on real ones that nobody looks at."""

from __future__ import annotations

import os
import termios
from collections.abc import Iterator

import pytest

from pooljobs_supervisor.reporting.status_line import StatusLine
from tests.support.waiting import wait_until


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    ours, theirs = os.openpty()
    os.set_blocking(ours, False)
    yield ours, theirs
    for fd in (ours, theirs):
        os.close(fd)


def read(fd: int) -> bytes:
    try:
        return os.read(fd, 1000)
    except BlockingIOError:
        return b""


def test_a_line_is_rewritten_in_place_and_wiped_once(terminal: tuple[int, int]) -> None:
    ours, theirs = terminal
    line = StatusLine(theirs)
    line.wipe()
    assert read(ours) == b""
    line.show("two")
    line.show("one")
    line.wipe()
    line.wipe()
    expected, printed = b"\r\x1b[Ktwo\r\r\x1b[Kone\r\r\x1b[K", bytearray()

    def all_printed() -> bool:
        printed.extend(read(ours))  # it comes in pieces
        return len(printed) >= len(expected)

    wait_until(all_printed, what="what was shown")
    assert bytes(printed) == expected


def test_a_stopped_terminal_is_not_waited_for(terminal: tuple[int, int]) -> None:
    ours, theirs = terminal
    termios.tcflow(theirs, termios.TCOOFF)
    line = StatusLine(theirs)
    line.show("nobody looks")
    termios.tcflow(theirs, termios.TCOON)
    line.show("now")
    assert wait_until(lambda: read(ours), what="what was shown") == b"\r\x1b[Know\r"


def test_the_width_is_the_terminals_or_a_usual_one(terminal: tuple[int, int]) -> None:
    _, theirs = terminal
    assert StatusLine(theirs).width == 80
    termios.tcsetwinsize(theirs, (10, 33))
    assert StatusLine(theirs).width == 33


def test_a_terminal_of_others_and_one_that_is_gone_are_not_ours() -> None:
    ours, theirs = os.openpty()
    assert not StatusLine(theirs).ours
    os.close(ours)
    line = StatusLine(theirs)
    assert not line.ours
    line.show("to nobody")
    os.close(theirs)
    line.show("to nobody")
    line.wipe()
