"""What is known of a process by its pid."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from pooljobs.process.liveness import birth, lives, same, stopped
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


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells when a process began")
def test_a_process_has_one_birth_and_a_later_one_a_later_one() -> None:
    ours = birth(os.getpid())
    assert ours == birth(os.getpid()) > 0
    time.sleep(2 / os.sysconf("SC_CLK_TCK"))
    with subprocess.Popen(["sleep", "600"]) as later:
        try:
            assert birth(later.pid) > birth(os.getppid())
            assert birth(later.pid) > ours
            assert same(later.pid, birth(later.pid))
            assert not same(later.pid, ours), "as if the pid had been used again"
        finally:
            later.kill()
    assert not lives(later.pid)
    assert birth(later.pid) == 0


def test_where_nobody_knows_the_birth_the_pid_has_to_do() -> None:
    assert same(os.getpid(), 0)
