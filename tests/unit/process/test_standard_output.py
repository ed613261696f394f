"""Printing where nobody reads any more: nothing is raised, and what is read arrives."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
from pooljobs.process.standard_output import forgive_lost_readers
forgive_lost_readers()
forgive_lost_readers()
for stream in (sys.stdout, sys.stderr):
    for _ in range(3):
        print("ä" * 100_000, file=stream, flush=True)
    stream.buffer.write(b"x" * 100_000)
    stream.flush()
open(sys.argv[1], "w").write("done")
"""


def printed_into(path: Path, standard: int | None) -> str:
    """``standard``: its stdout and stderr; None for none at all."""
    closed = [] if standard is not None else ["sh", "-c", 'exec "$@" >&- 2>&-', "sh"]
    command = [*closed, sys.executable, "-c", PROGRAM, str(path)]
    subprocess.run(command, stdout=standard, stderr=standard, timeout=60, check=True)
    return path.read_text()


def test_a_pipe_whose_reader_is_gone(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    assert printed_into(tmp_path / "done", writer) == "done"
    os.close(writer)


@pytest.mark.hazard("Nobody reads what handlers print, and they fail for it")
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux only")
def test_a_full_disk(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        assert printed_into(tmp_path / "done", full.fileno()) == "done"


def test_closed_from_the_start(tmp_path: Path) -> None:
    assert printed_into(tmp_path / "done", None) == "done"


def test_what_is_read_arrives_in_order(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as out:
        printed_into(tmp_path / "done", out.fileno())
    text = (tmp_path / "out").read_text()
    assert text.count("ä") == 600_000
    assert text.count("x") == 200_000


UNBUFFERED = """
import os, sys
from pooljobs.process.standard_output import forgive_lost_readers
forgive_lost_readers()
forgive_lost_readers()
for stream in (sys.stdout, sys.stderr):
    stream.write("said")
os._exit(0)
"""


def test_nothing_waits_where_python_was_told_not_to_buffer() -> None:
    command = [sys.executable, "-u", "-c", UNBUFFERED]
    done = subprocess.run(command, capture_output=True, timeout=60, check=True)
    assert (done.stdout, done.stderr) == (b"said", b"said")
