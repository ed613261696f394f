"""Files into which workers write where their threads are, just before they are killed, or while they start slowly: one
a worker, made before its fork, without a name. And what of such a text people are to read.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from contextlib import suppress
from time import monotonic, sleep

from pooljobs.process.child_signals import STACK

MOST_READ = 1 << 20
"""Bytes. faulthandler writes at most a hundred threads with a hundred frames each."""

MOMENT, STEP = 0.5, 0.02
"""Seconds that a child has to write, and between two looks whether it is done."""

MOST_FRAMES = 30
"""Of a thread that are told."""

_THREAD = re.compile(r"^(?:Current thread|Thread) 0x.*$", re.MULTILINE)
_MACHINERY = re.compile(r'^  File "(?:<frozen importlib.*|.*[/\\]importlib[/\\]__init__\.py)"')
_IMPORTS = re.compile(r'^  File ".*pooljobs[/\\]application[/\\]loading\.py", line \d+ in (?:_import|_made)$')
_OURS = re.compile(r'^  File ".*pooljobs_worker[/\\]dispatch[/\\]interrupter\.py", line \d+ in (?:call|guard)$')


class StackFiles:
    """The files of all workers, by pid. They share their position with the workers, who write where it stands."""

    def __init__(self) -> None:
        self._files: dict[int, int] = {}

    def make(self) -> int:
        """A descriptor for a worker that is about to be forked; -1 where the system has none to spare."""
        try:
            if sys.platform == "linux":
                return os.memfd_create("pooljobs-stack")
            else:  # noqa: RET505  # so that a type checker knows it for another platform's
                with tempfile.TemporaryFile() as file:
                    return os.dup(file.fileno())
        except OSError:
            return -1

    def keep(self, pid: int, fd: int) -> None:
        """Enter a worker's file."""
        self._files[pid] = fd

    def ask(self, pid: int) -> None:
        """Tell a worker to write, into an empty file."""
        with suppress(OSError):
            os.ftruncate(self._files[pid], 0)
            os.lseek(self._files[pid], 0, os.SEEK_SET)
        with suppress(ProcessLookupError):
            os.kill(pid, STACK)

    def size(self, pid: int) -> int:
        """Bytes written so far."""
        try:
            return os.fstat(self._files[pid]).st_size
        except OSError:
            return 0

    def read(self, pid: int) -> str:
        """What was written since the worker was asked."""
        try:
            return os.pread(self._files[pid], MOST_READ, 0).decode(errors="replace")
        except OSError:
            return ""

    def asked(self, pid: int) -> str:
        """Tell a child to write, and return what it wrote within a moment: for who has nothing else to do meanwhile."""
        self.ask(pid)
        deadline, before = monotonic() + MOMENT, 0
        while monotonic() < deadline:
            sleep(STEP)
            size = self.size(pid)
            if 0 < size == before:
                break
            before = size
        return self.read(pid)

    def drop(self, pid: int) -> None:
        """Close a dead worker's file."""
        close(self._files.pop(pid, -1))

    def close(self) -> None:
        """Close all: what a forked child does with those of its siblings."""
        for pid in tuple(self._files):
            self.drop(pid)


def close(fd: int) -> None:
    """Close what ``StackFiles.make`` returned."""
    if fd >= 0:
        os.close(fd)


def account(written: str) -> str:
    """What a person is to read of what faulthandler wrote of all threads: where the handlers were, or why that is not
    known.
    """
    if not written:
        return "no stack: the worker took no notice of the signal for it"
    found = [frames for thread in _THREAD.split(written) if (frames := _of_handler(thread.splitlines()))]
    if not found:
        return "no stack: no thread was in a handler; one that awaits something is in none"
    return "where it was, innermost first:\n" + "\n\n".join("\n".join(frames) for frames in found)


def whereabouts(written: str) -> str:
    """What a person is to read of a child that hangs elsewhere: where each thread is, as far as it is not our doing."""
    threads = [frames for thread in _THREAD.split(written) if (frames := _above_ours(thread.splitlines()))]
    if not threads:
        return "no stack: it took no notice of the signal for it"
    return "where it is, innermost first:\n" + "\n\n".join("\n".join(frames[:MOST_FRAMES]) for frames in threads)


def _above_ours(lines: list[str]) -> list[str]:
    """The frames inside of that which imports the application; all of them where that is not on the stack."""
    frames = [line for line in lines if line.startswith("  ") and not _MACHINERY.match(line)]
    ours = next((position for position, line in enumerate(frames) if _IMPORTS.match(line)), None)
    return frames[:ours]


def _of_handler(lines: list[str]) -> list[str]:
    """The frames inside of that which called the handler; none if it did not."""
    frames = [line for line in lines if line.startswith("  ")]
    ours = next((position for position, line in enumerate(frames) if _OURS.match(line)), 0)
    return frames[:ours]
