"""Finds out that this worker is out of descriptors, memory or threads, and has it leave: it is replaced at once.

Whatever a job does then fails, and with it all that the worker claims, though none of them is to blame. An error alone
does not say whose it is: a job may need more than there is, or have been the one too many. So after an error that looks
like it, and once what the failed job held has been let go, the process is tried: if there is still nothing to be had,
the worker is at its end. The job then goes back uncharged, as a suspect: it runs alone the next time, and is charged if
that worker is at its end as well. What waits goes back too. Asked by the judge of failures, by sessions that get no
connection, and by ``main.py`` of what nobody else expected.
"""

from __future__ import annotations

import errno
import gc
import logging
import mmap
import os
import threading
import traceback
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from pooljobs.process.child import Child
from pooljobs.scoreboard import Wanted

PIPES: Final = 8
"""Pipes that must be to be had, of two descriptors each: a connection with what belongs to it takes fewer."""

BLOCK: Final = 32_000_000
"""Bytes that must be to be had in one piece."""

_NUMBERS: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN})
_WORDS: Final = (os.strerror(errno.EMFILE), os.strerror(errno.ENOMEM), "can't start new thread")
"""What libraries pass on in the texts of errors of their own."""

_LONGEST_CHAIN: Final = 20


class ExhaustedError(Exception):
    """This worker is out of something and must leave; the text says of what."""


def lacking() -> str:
    """What this process is out of, as a plural or mass noun; empty if it is not."""
    if _no_descriptors(PIPES):
        return "file descriptors"
    if _no_memory():
        return "memory"
    try:
        (thread := threading.Thread(target=lambda: None, daemon=True)).start()
    except (RuntimeError, MemoryError):
        return "threads"
    thread.join()
    return ""


def looks_like_it(error: BaseException, text: str = "") -> bool:
    """Whether an error may come of a process that is out of something. ``text``: all that is told of it."""
    return any(word in text for word in _WORDS) or any(_symptom(each) for each in _chain(error))


class Exhaustion:
    """One worker's. Any thread.

    Attributes:
        of: What it is out of; empty while it is not.
    """

    def __init__(self, child: Child, log: logging.Logger) -> None:
        self.of = ""
        self._child = child
        self._log = log

    def caused(self, error: BaseException, text: str) -> bool:
        """Whether this error is the worker's and not the job's. What the error's frames held is let go.

        Of any error two things are tried, a pipe and a block of memory that nobody touches: some 20 µs of a failed run,
        of which the text of its error takes several hundred.
        """
        if isinstance(error, ExhaustedError):
            self.declare(str(error))
        elif looks_like_it(error, text):
            for each in _chain(error):
                traceback.clear_frames(each.__traceback__)
            gc.collect()
            self.declare(lacking())
        elif _no_descriptors(1) or _no_memory():  # an error of any kind may come of that
            self.declare(lacking())
        return bool(self.of)

    def declare(self, of: str) -> None:
        """Has the worker leave, if ``of`` says that it is out of something; told once."""
        if of and not self.of:
            self.of = of
            self._log.warning("this worker is out of %s: it gives its jobs back and is replaced", of)
            self._child.ask(Wanted.RELEASE)


def _no_descriptors(pipes: int) -> bool:
    held: list[int] = []
    try:
        for _ in range(pipes):
            held += os.pipe()
    except OSError as error:
        return error.errno in (errno.EMFILE, errno.ENFILE)
    finally:
        for fd in held:
            with suppress(OSError):
                os.close(fd)
    return False


def _no_memory() -> bool:
    """Asks for it without touching it: the system counts what it has promised."""
    try:
        mmap.mmap(-1, BLOCK, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
    except OSError:
        return True
    return False


def _symptom(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno in _NUMBERS
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and any(w in str(error) for w in _WORDS))


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, and those that it came of."""
    waiting: list[BaseException | None] = [error]
    seen: list[BaseException] = []
    while waiting and len(seen) < _LONGEST_CHAIN:
        each = waiting.pop()
        if each is None or any(each is other for other in seen):
            continue
        seen.append(each)
        yield each
        waiting += [each.__cause__, each.__context__]
        if isinstance(each, BaseExceptionGroup):
            waiting += each.exceptions
