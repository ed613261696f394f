"""What other users of the machine see of a command."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command import environment
from tests.support.waiting import wait_until

DSN = "postgresql://you:hunter2@localhost:1/shop"


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="Linux only")
def test_a_connection_string_is_not_to_be_seen_once_a_command_has_begun() -> None:
    command = [sys.executable, "-m", "pooljobs", "enqueue", "x", "--payload", "-", "--dsn", DSN]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()) as process:
        shown = Path(f"/proc/{process.pid}/cmdline")
        wait_until(lambda: b"***" in shown.read_bytes(), what="the asterisks")
        assert shown.read_bytes().rstrip(b"\0").decode().split("\0") == [*command[:-1], "*" * len(DSN)]
        _, told = process.communicate(b"{}", 60)
    assert b"localhost:1" in told
    assert b"hunter2" not in told
