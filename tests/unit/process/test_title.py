"""What ps calls a process, whatever it was started as."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="Linux only")

PROGRAM = """
import os
from pathlib import Path
from pooljobs.process.title import set_title
set_title("worker-12", {app!r})
print(Path("/proc/self/comm").read_text().strip())
print(Path("/proc/self/cmdline").read_bytes().rstrip(b"\\0").decode())
print(os.environ["MARK"])
print(b"MARK=untouched" in Path("/proc/self/environ").read_bytes())
"""


HIDING = """
import sys
from pathlib import Path
from pooljobs.process.title import hide_connection_strings
hide_connection_strings(sys.argv)
print(Path("/proc/self/cmdline").read_bytes().rstrip(b"\\0").decode())
"""


@pytest.mark.parametrize("form", ["--dsn={}", "--dsn {}"])
def test_a_connection_string_is_written_over_and_nothing_else(form: str) -> None:
    given = form.format("postgresql://you:secret@db/shop").split()
    command = [sys.executable, "-c", HIDING, "jobs", "list", *given, "--queue", "emails"]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    assert "secret" not in shown
    expected = form.format("*" * len("postgresql://you:secret@db/shop")).split()
    assert shown.rstrip("\n").split("\0") == [*command[:5], *expected, "--queue", "emails"]


@pytest.mark.parametrize("app", ["shop.jobs:app", "x" * 5000])
def test_it_is_shown_and_nothing_beside_it_is_written(app: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(app=app), "--dsn", "postgresql://you:secret@db"],
        capture_output=True,
        text=True,
        env={"MARK": "untouched"},
        timeout=60,
        check=True,
    )
    short, title, mark, environment = done.stdout.splitlines()
    assert short == "pooljobs:worker"
    assert f"pooljobs serve: worker-12 ({app})".startswith(title)
    assert title.startswith("pooljobs serve: worker-12")
    assert "secret" not in title
    assert (mark, environment) == ("untouched", "True")
