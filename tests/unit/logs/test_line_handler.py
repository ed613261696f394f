from __future__ import annotations

import io
import logging
import os
from pathlib import Path
from typing import TextIO

import pytest

from pooljobs.logs.line_handler import LineHandler
from tests.support.waiting import wait_until
from tests.unit.logs.records import record

WRITERS, LINES = 4, 200


def test_lines_of_several_processes_on_one_pipe_never_mix() -> None:
    read_end, write_end = os.pipe()
    with os.fdopen(write_end, "w") as stream:
        handler = LineHandler(stream)
        children = [_forked_writer(handler, letter) for letter in "abcd"[:WRITERS]]
        handler.close()
    with os.fdopen(read_end) as reader:
        lines = reader.read().splitlines()
    for child in children:
        os.waitpid(child, 0)
    assert sorted(lines) == sorted(letter * 1000 for letter in "abcd"[:WRITERS] for _ in range(LINES))


def _forked_writer(handler: LineHandler, letter: str) -> int:
    child = os.fork()
    if child == 0:
        for _ in range(LINES):
            handler.emit(record(letter * 1000))
        os._exit(0)
    return child


def test_a_closed_stream_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "log"
    stream = path.open("w")
    handler = LineHandler(stream)
    stream.close()
    handler.emit(record("still here"))
    handler.close()
    assert path.read_text() == "still here\n"


def test_a_pipe_that_nobody_reads_raises_nothing() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "w") as stream:
        handler = LineHandler(stream)
        handler.emit(record("to nobody"))
        handler.close()


def test_a_full_non_blocking_pipe_costs_the_line_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pooljobs.logs.line_handler._PATIENCE", 0.01)
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    with os.fdopen(write_end, "w") as stream, os.fdopen(read_end):
        wait_until(lambda: _fills(write_end), what="a full pipe")
        handler = LineHandler(stream)
        handler.emit(record("no room"))
        handler.close()


def _fills(fd: int) -> bool:
    try:
        os.write(fd, b"x" * 65536)
    except BlockingIOError:
        return True
    return False


def test_an_object_that_cannot_be_printed_raises_nothing() -> None:
    class Unprintable:
        def __str__(self) -> str:
            raise RuntimeError("no")

    stream = io.StringIO()
    handler = LineHandler(stream)
    handler.setFormatter(logging.Formatter())
    handler.emit(record(Unprintable()))
    handler.emit(record("next"))
    assert stream.getvalue() == "next\n"


def test_a_stream_without_a_file_is_written_to() -> None:
    stream: TextIO = io.StringIO()
    LineHandler(stream).emit(record("text"))
    assert stream.getvalue() == "text\n"  # type: ignore[attr-defined]  # it is a StringIO
