from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pooljobs.embedded.holders import holders

HOLD = """
import fcntl, sys
with open(sys.argv[1]) as file:
    fcntl.flock(file, fcntl.LOCK_SH)
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel does not tell")
def test_those_who_hold_a_lock_are_named(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    assert holders(path) == []
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        [holder] = holders(path)
        assert holder.pid == process.pid
        assert str(holder).startswith(f"pid {process.pid} ({sys.executable} -c ")
        assert len(holder.command) == 60
        process.communicate(b"")
    assert holders(path) == []


def test_of_a_file_that_is_not_there_nobody_is_named(tmp_path: Path) -> None:
    assert holders(tmp_path / "none") == []
