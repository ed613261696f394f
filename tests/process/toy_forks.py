"""Forks toys by the supervisor's own code, outside a fleet; run by ``test_fork_rules.py`` as a program.

Prints one line of JSON: what was seen.
"""

from __future__ import annotations

import json
import logging
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from pooljobs.errors import NotMigratedError
from pooljobs.process.child import Child
from pooljobs.scoreboard import Role, Scoreboard, Wanted
from pooljobs_supervisor.forking.exit_watch import ExitWatch, Process, reap
from pooljobs_supervisor.forking.lifeline import Lifeline
from pooljobs_supervisor.forking.one_shot import run_once
from pooljobs_supervisor.forking.parent_death import parent_death_signal
from pooljobs_supervisor.forking.signals import Inbox
from pooljobs_supervisor.forking.spawn import fork, settle_in_child

LOG = logging.getLogger("toys")
OBEYED, LOST = 0, 9
TRIES = 200


def status_of(process: Process) -> int | None:
    end = reap(process)
    return None if end is None else end.status


def drains_when_asked(child: Child) -> int:
    """OBEYED if the signal of this child's first instant arrives, at the latest after some seconds."""
    deadline = time.monotonic() + 10
    while child.wanted is Wanted.RUN and time.monotonic() < deadline:
        select.select([child.slot.wake_fd], [], [], 1.0)
    return OBEYED if child.wanted is Wanted.DRAIN else LOST


def early_signals() -> dict[str, Any]:
    """TERM to each child as soon as its pid is known: how they ended, and what the parent got to see of it."""
    board = Scoreboard.create(1, 1)
    slot = board.slot(0)
    statuses: list[int | None] = []
    with Inbox(children=False) as inbox, Lifeline() as lifeline:
        for _ in range(TRIES):
            slot.clear()
            slot.role = Role.WORKER
            child = Child(board, slot, lifeline_fd=lifeline.read_fd, parent_pid=os.getpid())
            settle_in = partial(settle_in_child, child, inbox.close, parent_death_signal())
            process = fork("toy", settle_in, partial(drains_when_asked, child), LOG)
            os.kill(process.pid or 0, signal.SIGTERM)
            process.join()
            statuses.append(status_of(process))
            if statuses[-1] != OBEYED:
                break
        seen = [number.name for number in inbox.take()]
    return {"statuses": sorted({str(status) for status in statuses}), "tries": len(statuses), "inbox": seen}


def inside_a_child() -> dict[str, Any]:
    """What a child finds: handlers, mask, wakeup fd, and that the lifeline ends with its parent's copy."""
    board = Scoreboard.create(1, 1)
    board.slot(0).role = Role.WORKER
    report_fd, write_fd = os.pipe()
    with Inbox(children=True) as inbox, Lifeline() as lifeline:
        child = Child(board, board.slot(0), lifeline_fd=lifeline.read_fd, parent_pid=os.getpid())

        def forget() -> None:
            inbox.close()
            lifeline.close()

        def look() -> int:
            found = {
                "wakeup_fd": signal.set_wakeup_fd(-1),
                "blocked": [signal.Signals(n).name for n in signal.pthread_sigmask(signal.SIG_BLOCK, ())],
                "own_session": os.getsid(0) == os.getpid(),
                "chld": signal.getsignal(signal.SIGCHLD) == signal.SIG_DFL,
                "pid_on_board": child.slot.pid == os.getpid(),
                "orphan": child.orphaned(),
            }
            os.write(write_fd, json.dumps(found).encode())
            select.select([child.lifeline_fd], [], [])
            return OBEYED if child.orphaned() else LOST

        process = fork("toy", partial(settle_in_child, child, forget, parent_death_signal()), look, LOG)
        found: dict[str, Any] = json.loads(os.read(report_fd, 10_000))
        lifeline.close()
        process.join()
        found["status"] = status_of(process)
        os.close(report_fd)
        os._exit(_print(found))


def _print(found: dict[str, Any]) -> int:
    print(json.dumps(found), flush=True)
    return 0


def a_death_wakes(*, pidfds: bool) -> dict[str, Any]:
    """Wait for a child that was killed, with a selector and nothing else: no tick."""
    from selectors import EVENT_READ, PollSelector

    with Inbox(children=not pidfds) as inbox, PollSelector() as selector:
        selector.register(inbox.fd, EVENT_READ)
        watch = ExitWatch(selector, pidfds=pidfds)
        process = fork("toy", partial(parent_death_signal(), signal.SIGTERM), wait_for_ever, LOG)
        pid = process.pid or 0
        watch.watch(pid)
        before = watch.ended()
        early = status_of(process)
        os.kill(pid, signal.SIGKILL)
        woken = bool(selector.select(30.0))
        ended = watch.ended() == [pid]
        status = status_of(process)
        watch.forget(pid)
        return {"before": before, "early": early, "woken": woken, "ended": ended, "status": status}


def wait_for_ever() -> int:
    signal.pause()
    return LOST


def stolen() -> dict[str, Any]:
    """Somebody else reaped the child: it must not live for ever in our books."""
    from selectors import PollSelector

    with PollSelector() as selector:
        watch = ExitWatch(selector, pidfds=False)
        process = fork("toy", lambda: None, lambda: 3, LOG)
        pid = process.pid or 0
        watch.watch(pid)
        os.waitpid(pid, 0)
        return {"ended": watch.ended() == [pid], "status": status_of(process)}


def usage() -> dict[str, Any]:
    """What children used: one that is reaped in order, and one whom multiprocess reaps when the next one starts."""

    def work() -> int:
        block = bytearray(os.urandom(1 << 20) * 64)
        began = time.process_time()
        while time.process_time() - began < 0.3:
            block[0] += 1 if block[0] < 255 else -255
        return OBEYED

    first = fork("toy", lambda: None, work, LOG)
    os.waitid(os.P_PID, first.pid or 0, os.WEXITED | os.WNOWAIT)
    second = fork("toy", lambda: None, work, LOG)
    ends = [reap(first)]
    second.join()
    ends.append(reap(second))
    used = [end.usage for end in ends if end is not None and end.usage is not None]
    return {"cpu": [one.cpu_seconds for one in used], "peak": [one.peak_memory for one in used]}


def an_inbox() -> dict[str, Any]:
    """What an inbox takes, and what it leaves behind: HUP is ignored here, as under ``nohup``."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGQUIT):  # whoever runs the tests in the background has QUIT ignored
        signal.signal(number, signal.SIG_DFL)
    with Inbox(children=False) as inbox:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
            os.kill(os.getpid(), number)
        taken = [number.name for number in inbox.take()]
        again = inbox.take()
    after = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)]
    restored = after == [signal.SIG_DFL, signal.SIG_IGN, signal.SIG_DFL] and signal.set_wakeup_fd(-1) == -1
    return {"taken": taken, "again": again, "restored": restored}


def runs() -> dict[str, Any]:
    """Exit codes of short-lived children."""

    def refuse() -> int:
        raise NotMigratedError("no schema", hint="migrate")

    def kill(number: int) -> int:
        os.kill(os.getpid(), number)
        return LOST

    return {
        "code": run_once(lambda: 7),
        "bug": run_once(lambda: 1 // 0),
        "refused": run_once(refuse),
        "exit": run_once(lambda: sys.exit(0)),
        "term": run_once(partial(kill, signal.SIGTERM)),
        "int": run_once(partial(kill, signal.SIGINT)),
        "killed": run_once(partial(kill, signal.SIGKILL)),
        "other_process": run_once(partial(differs, os.getpid())),
    }


def ends_as_a_signal_comes() -> dict[str, Any]:
    """A handler raises in the instant in which the wait for a child has just returned."""
    reaped: list[str] = []

    def at_the_end_of(call: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any) -> Any:
            end = call(*arguments)
            if not reaped:
                reaped.append(call.__name__)
                signal.raise_signal(signal.SIGQUIT)
            return end

        return called

    signal.signal(signal.SIGQUIT, lambda *_: sys.exit(0))
    for name in {"waitid", "wait4"} & set(dir(os)):
        setattr(os, name, at_the_end_of(getattr(os, name)))
    try:
        run_once(lambda: 7)
    except (SystemExit, OSError) as raised:
        return {"raised": repr(raised), "calls": len(reaped)}
    return {"raised": None}


def differs(pid: int) -> int:
    return OBEYED if os.getpid() != pid else LOST


def blocked_output() -> dict[str, Any]:
    """A child whose output nobody reads must still end, in bounded time, with its own exit code."""
    _read_fd, write_fd = os.pipe()
    os.set_blocking(write_fd, False)
    try:
        while True:
            os.write(write_fd, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(write_fd, True)
    own = sys.stdout

    def chat() -> int:
        sys.stdout = os.fdopen(write_fd, "w", buffering=1 << 16)
        sys.stdout.write("nobody will read this")
        return 5

    status = run_once(chat)
    sys.stdout = own
    return {"status": status}


def flushed_output() -> dict[str, Any]:
    """What a child printed last is not lost by its quick exit."""
    target = Path(sys.argv[2])

    def chat() -> int:
        sys.stdout = target.open("w")
        sys.stdout.write("last words")
        return 0

    run_once(chat)
    return {"text": target.read_text()}


SCENES: dict[str, Callable[[], dict[str, Any]]] = {
    "early_signals": early_signals,
    "inside_a_child": inside_a_child,
    "pidfd": partial(a_death_wakes, pidfds=True),
    "sigchld": partial(a_death_wakes, pidfds=False),
    "stolen": stolen,
    "usage": usage,
    "an_inbox": an_inbox,
    "runs": runs,
    "ends_as_a_signal_comes": ends_as_a_signal_comes,
    "blocked_output": blocked_output,
    "flushed_output": flushed_output,
}

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    _print(SCENES[sys.argv[1]]())
