"""Workers that were asked of a zygote and have not come yet. Used by ``child_processes.py``, by way of ``manager.py``.

Each has a pipe whose write end was given away, to the zygote, and by it to the worker. What comes out of it is the
worker's pid, or the number of the system's refusal; if nothing comes, everybody who had the write end is gone, and so
is the worker, if there ever was one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass
from selectors import EVENT_READ, BaseSelector
from struct import Struct
from typing import NamedTuple

from pooljobs_supervisor.fleet.children import Position

_ANSWER = Struct("=q")


@dataclass(frozen=True, slots=True)
class SpawnRequest:
    """A worker that is on its way. ``zygote`` is the pid of whom it was asked of; times are monotonic seconds."""

    position: Position
    slot: int
    _: KW_ONLY
    stack_fd: int
    zygote: int
    generation: int
    asked: float


class SpawnAnswer(NamedTuple):
    """What became of it: its pid, or 0; and the system's error number if it refused the process, else 0."""

    request: SpawnRequest
    pid: int
    refused: int


class SpawnRequests:
    """All that are on their way. ``selector`` wakes whoever waits in it when one has come, or will not."""

    def __init__(self, selector: BaseSelector) -> None:
        self._selector = selector
        self._awaited: dict[int, SpawnRequest] = {}

    def expect(self, request: SpawnRequest) -> int:
        """Enter a request; returns the write end of its pipe, which the caller gives away and closes.

        Raises:
            OSError: The system has no pipe to spare.
        """
        read_fd, write_fd = os.pipe()
        os.set_blocking(read_fd, False)
        self._awaited[read_fd] = request
        self._selector.register(read_fd, EVENT_READ)
        return write_fd

    def forget(self, request: SpawnRequest) -> None:
        """Take a request out that was never asked for after all."""
        read_fd = next(fd for fd, awaited in self._awaited.items() if awaited is request)
        self._drop(read_fd)

    def answered(self) -> Iterator[SpawnAnswer]:
        """Take those out of whom it is known what became of them."""
        for read_fd, request in tuple(self._awaited.items()):
            try:
                said = os.read(read_fd, _ANSWER.size)
            except BlockingIOError:
                continue
            self._drop(read_fd)
            number = _ANSWER.unpack(said)[0] if len(said) == _ANSWER.size else 0
            yield SpawnAnswer(request, max(number, 0), max(-number, 0))

    def waiting(self) -> dict[int, float]:
        """By zygote, since when the oldest of those has been awaited that it was asked for."""
        oldest: dict[int, float] = {}
        for request in self._awaited.values():
            oldest[request.zygote] = min(request.asked, oldest.get(request.zygote, request.asked))
        return oldest

    def close(self) -> None:
        """Close the pipes: all that a forked child may do with its parent's requests."""
        for read_fd in self._awaited:
            os.close(read_fd)
        self._awaited.clear()

    def _drop(self, read_fd: int) -> None:
        self._selector.unregister(read_fd)
        os.close(read_fd)
        del self._awaited[read_fd]


def announce(write_fd: int, number: int) -> None:
    """Answer a request, by the worker's pid or minus an error's number, and close the pipe.

    Raises:
        OSError: Nobody wants to know any more.
    """
    try:
        os.write(write_fd, _ANSWER.pack(number))
    finally:
        os.close(write_fd)
