"""Loads the application into a process that is to be forked, and makes sure that it may be. Used by zygotes, and by the
trial before anything is started (``serving/app_declarations.py``).

What a fork does not copy is lost in its children without a word: threads. What it copies is shared by all of them: an
open connection would carry the bytes of several processes at once. So an import that leaves such things is refused.
Libraries that know of forks end their threads before one (OpenBLAS does, and starts them anew when it needs them), so a
fork is tried before threads are counted.
"""

from __future__ import annotations

import gc
import os
import socket
import stat
import sys
import threading
import time
import warnings
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from pooljobs.application.app import PoolJobs
from pooljobs.application.loading import load_app
from pooljobs.errors import AppLoadError
from pooljobs.logs import room_for_application

ENDING = 1.0
"""Seconds that threads have to end which were told to."""

_TASKS = Path("/proc/self/task")
_FILES = Path("/proc/self/fd")
_STEP = 0.005


def load_to_fork(spec: str) -> PoolJobs:
    """The application that ``spec`` names; see ``load_app``.

    Raises:
        AppLoadError: As ``load_app``; or the import left threads or connections behind.
    """
    before = _files()
    with room_for_application():
        app = load_app(spec)
    left = [*_threads(), *_connections(_files() - before)]
    if left:
        raise AppLoadError(
            f"importing {spec} left behind {', '.join(left)}: with --preload workers are forked from the process that"
            " did it, and neither threads nor connections may cross a fork",
            hint="have each worker make them: in a factory given to app.provide, or at their first use; or serve"
            " without --preload",
        )
    return app


def freeze() -> None:
    """Take all that is there out of the collector's hands: to look at an object is to write to it, and so to copy it.

    What was printed is written out: it would be once more by every child.
    """
    gc.collect()
    gc.freeze()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # closed, gone, or None
            stream.flush()


def _threads() -> list[str]:
    """Threads of this process beside the main one, in words."""
    known = [thread for thread in threading.enumerate() if thread is not threading.main_thread()]
    if known:
        return [f"the thread {thread.name!r}" for thread in known]
    if len(_tasks()) > 1:
        _try_a_fork()
    deadline = time.monotonic() + ENDING
    while len(tasks := _tasks()) > 1 and time.monotonic() < deadline:
        time.sleep(_STEP)
    return [f"a thread of a library ({_name(task)})" for task in tasks if task != os.getpid()]


def _try_a_fork() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that there are threads is just the question
        pid = os.fork()
    if not pid:
        os._exit(0)
    with suppress(ChildProcessError):  # the application has said that nobody waits for children
        os.waitpid(pid, 0)


def _tasks() -> list[int]:
    """The system's threads of this process; none where there is no /proc to tell."""
    with suppress(OSError):
        return [int(task.name) for task in _TASKS.iterdir()]
    return []


def _name(task: int) -> str:
    try:
        return (_TASKS / str(task) / "comm").read_text().strip()
    except OSError:
        return "it has ended since"


def _files() -> frozenset[tuple[int, str]]:
    """The open files of this process, by descriptor and by what the system calls them: a number is soon used again."""
    found = set()
    for entry in list(_FILES.iterdir()) if _FILES.exists() else ():
        with suppress(OSError):  # the one by which they are listed is closed by now
            found.add((int(entry.name), str(entry.readlink())))
    return frozenset(found)


def _connections(files: Iterable[tuple[int, str]]) -> list[str]:
    """Of these open files, what children must not share, in words. Datagrams do no harm: each is whole."""
    return [told for fd, name in sorted(files) if (told := _connection(fd, name)) is not None]


def _connection(fd: int, name: str) -> str | None:
    if name == "anon_inode:[eventpoll]":
        return f"an event loop, or a selector (descriptor {fd})"
    with suppress(OSError):
        if not stat.S_ISSOCK(os.fstat(fd).st_mode):
            return None
        with socket.socket(fileno=os.dup(fd)) as found:
            if found.type in (socket.SOCK_STREAM, socket.SOCK_SEQPACKET):
                return f"a connection to {_told(found.getpeername())} (descriptor {fd})"
    return None


def _told(address: object) -> str:
    match address:
        case (host, port, *_):
            return f"{host}:{port}"
        case "" | b"":
            return "itself (a pair of sockets)"
        case _:
            return str(address)
