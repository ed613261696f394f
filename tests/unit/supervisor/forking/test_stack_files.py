"""Stacks come from living processes into files that the supervisor reads, and only handlers' frames are kept."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from pooljobs.process.child_signals import STACK
from pooljobs_supervisor.forking.stack_files import StackFiles, account, close, whereabouts
from pooljobs_worker.runtime.stack_dump import StackDumper as WorkersStacks
from tests.support.waiting import wait_until

WRITTEN = """\
Thread 0x00007f01 (most recent call first):
  File "/usr/lib/python3.11/threading.py", line 320 in wait
  File "/site/pooljobs_worker/flusher.py", line 50 in _run

Thread 0x00007f02 [worker] (most recent call first):
  File "/srv/shop/jobs.py", line 12 in parse
  File "/srv/shop/jobs.py", line 30 in thumbnail
  File "/site/pooljobs_worker/dispatch/interrupter.py", line 49 in call
  File "/site/pooljobs_worker/dispatch.py", line 68 in dispatch

Current thread 0x00007f03 (most recent call first):
  File "/srv/shop/calls.py", line 7 in interrupts
  File "/site/pooljobs_worker/dispatch/interrupter.py", line 70 in guard
  File "/site/pooljobs_worker/coroutines.py", line 105 in _contained
"""


def test_only_the_frames_of_handlers_are_kept() -> None:
    assert account(WRITTEN) == (
        "where it was, innermost first:\n"
        '  File "/srv/shop/jobs.py", line 12 in parse\n  File "/srv/shop/jobs.py", line 30 in thumbnail\n\n'
        '  File "/srv/shop/calls.py", line 7 in interrupts'
    )


BOOTING = """\
Thread 0x00007f01 (most recent call first):
  File "/srv/shop/background.py", line 3 in run

Current thread 0x00007f02 (most recent call first):
  File "/srv/shop/settings.py", line 9 in <module>
  File "<frozen importlib._bootstrap>", line 241 in _call_with_frames_removed
  File "/usr/lib/python3.11/importlib/__init__.py", line 126 in import_module
  File "/site/pooljobs/application/loading.py", line 90 in _import
  File "/site/pooljobs_worker/main.py", line 50 in worker_main
"""


def test_of_a_boot_all_threads_are_told_as_far_as_they_are_not_ours() -> None:
    assert whereabouts(BOOTING) == (
        "where it is, innermost first:\n"
        '  File "/srv/shop/background.py", line 3 in run\n\n'
        '  File "/srv/shop/settings.py", line 9 in <module>'
    )
    assert whereabouts("") == "no stack: it took no notice of the signal for it"


def test_what_is_not_known_is_said() -> None:
    assert account("") == "no stack: the worker took no notice of the signal for it"
    assert account(WRITTEN.partition("\n\n")[0]) == (
        "no stack: no thread was in a handler; one that awaits something is in none"
    )


@pytest.mark.parametrize("text", ["Thread 0x", "garbage\n" * 9, "Thread 0x1 (most\n  File", WRITTEN[:400], "\0\x7f"])
def test_a_text_that_was_cut_short_is_read_as_far_as_it_goes(text: str) -> None:
    assert account(text).startswith(("where it was", "no stack"))


def test_a_process_writes_where_it_is_as_often_as_it_is_asked() -> None:
    stack_files = StackFiles()
    fd = stack_files.make()
    pid = os.fork()
    if not pid:
        WorkersStacks(fd)
        os.kill(os.getppid(), 0)
        while True:
            time.sleep(1)
    try:
        stack_files.keep(pid, fd)
        wait_until(lambda: _catches(pid), what="the child to register")
        for _ in range(2):
            stack_files.ask(pid)
            wait_until(lambda: stack_files.size(pid) > 50, what="the stack")
            wait_until(lambda: "test_stack_files.py" in stack_files.read(pid), what="all of it")
            assert stack_files.read(pid).count("most recent call first") == 1
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    stack_files.drop(pid)


def _catches(pid: int) -> bool:
    """Whether the process has a handler for the signal."""
    status = Path(f"/proc/{pid}/status").read_text()
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(int(caught.split()[1], 16) >> (STACK - 1) & 1)


def test_without_a_file_there_is_no_stack_and_no_harm() -> None:
    stack_files = StackFiles()
    stack_files.keep(os.getpid(), -1)
    before = signal.signal(STACK, lambda *_: None)
    try:
        stack_files.ask(os.getpid())
    finally:
        signal.signal(STACK, before)
    assert (stack_files.size(os.getpid()), stack_files.read(os.getpid())) == (0, "")
    stack_files.close()
    close(-1)


def test_a_handler_of_a_jobs_own_is_put_aside_again() -> None:
    stack_files = StackFiles()
    fd = stack_files.make()
    stack_files.keep(os.getpid(), fd)
    pid = os.fork()
    if not pid:
        registered = WorkersStacks(fd)
        signal.signal(STACK, signal.SIG_IGN)
        registered.restore()
        os.kill(os.getpid(), STACK)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    assert status == 0
    assert "most recent call first" in stack_files.read(os.getpid())
    stack_files.close()
