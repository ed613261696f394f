"""A process without standard streams: what it opens has other numbers, and what it starts has something there."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import os, socket, subprocess, sys
from pooljobs.process import standard_numbers
{before}
standard_numbers.take()
before = [os.fstat(number) for number in standard_numbers.STANDARD]
standard_numbers.take()
assert [os.fstat(number) for number in standard_numbers.STANDARD] == before, "those that are there stay"
assert socket.socket().fileno() > 2
look = "import os; [os.fstat(number) for number in (0, 1, 2)]"
sys.exit(subprocess.run([sys.executable, "-S", "-c", look]).returncode)
"""


def ended(shell: str, before: str = "") -> int:
    command = ["sh", "-c", f'exec "$@" {shell}', "sh", sys.executable, "-c", PROGRAM.format(before=before)]
    return subprocess.run(command, stdin=subprocess.DEVNULL, timeout=60, check=False).returncode


@pytest.mark.parametrize("shell", ["", "<&-", ">&-", "2>&-", "<&- 2>&-", "<&- >&- 2>&-"])
def test_what_is_closed_is_taken(shell: str) -> None:
    assert ended(shell) == 0


def test_what_multiprocess_leaves_for_stdin_is_passed_on() -> None:
    assert ended("", before="from multiprocess import util; util._close_stdin()") == 0


def test_where_there_is_no_dev_null(tmp_path_factory: pytest.TempPathFactory) -> None:
    nowhere = tmp_path_factory.mktemp("empty") / "null"
    assert ended("<&- >&- 2>&-", before=f"os.devnull = {str(nowhere)!r}") == 0
