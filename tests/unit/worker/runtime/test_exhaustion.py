"""Whose error it is: the worker's if nothing is to be had once the job's own things are gone, else the job's."""

from __future__ import annotations

import errno
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from pooljobs.process.child import Child
from pooljobs.scoreboard import Scoreboard, Wanted
from pooljobs_worker.runtime import exhaustion
from pooljobs_worker.runtime.exhaustion import ExhaustedError, Exhaustion, lacking, looks_like_it

LOG = logging.getLogger("test")


@pytest.fixture
def child() -> Iterator[Child]:
    with closing(Scoreboard.create(1, 1)) as board:
        yield Child(board, board.slot(0), lifeline_fd=-1, parent_pid=os.getppid())


def no_thread(_: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.EMFILE, "x"),
        OSError(errno.ENFILE, "x"),
        BlockingIOError(errno.EAGAIN, "fork"),
        RuntimeError("can't start new thread"),
        ExceptionGroup("several", [ValueError(), OSError(errno.EMFILE, "x")]),
    ],
)
def test_errors_that_may_come_of_it_are_recognised_also_as_causes(error: Exception) -> None:
    assert looks_like_it(error)
    caused = LookupError("another")
    caused.__cause__ = error
    context = LookupError("a third")
    context.__context__ = caused
    assert looks_like_it(context)


@pytest.mark.parametrize("error", [ValueError("x"), OSError(errno.ENOENT, "x"), RuntimeError("x")])
def test_others_are_not_unless_their_text_says_so(error: Exception) -> None:
    error.__context__ = error
    assert not looks_like_it(error)
    assert looks_like_it(error, "could not create socket: Too many open files")


def test_a_job_that_needs_too_much_has_itself_to_blame(child: Child) -> None:
    judged = Exhaustion(child, LOG)
    assert lacking() == ""
    assert not judged.caused(MemoryError(), "MemoryError")
    assert not judged.caused(ValueError(), "ValueError")
    assert (judged.of, child.wanted) == ("", Wanted.RUN)


def test_a_worker_without_threads_is_told_to_leave_once(
    child: Child, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(threading.Thread, "start", no_thread)
    judged = Exhaustion(child, LOG)
    for _ in range(3):
        assert judged.caused(RuntimeError("can't start new thread"), "")
    assert (judged.of, child.wanted) == ("threads", Wanted.RELEASE)
    assert caplog.text.count("out of threads") == 1


def test_in_a_worker_without_descriptors_no_error_is_the_jobs(child: Child, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> tuple[int, int]:
        raise OSError(errno.EMFILE, "x")

    monkeypatch.setattr(os, "pipe", refused)
    judged = Exhaustion(child, LOG)
    assert judged.caused(ValueError(), "ValueError")
    assert judged.of == "file descriptors"


def test_a_session_that_says_so_is_believed(child: Child) -> None:
    judged = Exhaustion(child, LOG)
    assert judged.caused(ExhaustedError("memory"), "memory")
    assert judged.of == "memory"


class Holder:
    """Takes up what a process has."""

    alive = 0

    def __init__(self) -> None:
        Holder.alive += 1

    def __del__(self) -> None:
        Holder.alive -= 1


def hold_too_much() -> None:
    held = [Holder()]
    raise MemoryError(len(held))


def test_what_the_failed_job_held_is_let_go_before_the_worker_is_tried(
    child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exhaustion, "lacking", lambda: "memory" if Holder.alive else "")
    with pytest.raises(MemoryError) as caught:
        hold_too_much()
    assert exhaustion.lacking() == "memory"
    assert not Exhaustion(child, LOG).caused(caught.value, "MemoryError")
