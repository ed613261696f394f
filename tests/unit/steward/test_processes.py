"""What is known of a process by its pid."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from pooljobs_supervisor.steward.processes import lives, stopped
from tests.support.waiting import wait_until


def test_a_pid_that_was_never_noted_is_nobodys() -> None:
    assert not lives(0)
    assert not lives(-1)


def test_a_process_lives_until_it_has_ended() -> None:
    assert lives(os.getpid())
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert lives(process.pid)
        process.kill()
        wait_until(lambda: not lives(process.pid), what="the process, now a zombie, to count as ended")


def test_a_stopped_process_is_seen() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        process.send_signal(signal.SIGSTOP)
        wait_until(lambda: stopped(process.pid), what="the process to stop")
        process.send_signal(signal.SIGCONT)
        wait_until(lambda: not stopped(process.pid), what="the process to go on")
        process.kill()
