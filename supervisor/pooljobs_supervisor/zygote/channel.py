"""The line between the supervisor and a zygote: requests one way, one word the other way. Neither end waits for long.

A request is the index of a slot, with the descriptors that the worker is to have. Messages keep their bounds, and the
end of either process is the end of the line.
"""

from __future__ import annotations

import socket
from struct import Struct
from typing import NamedTuple

_REQUEST = Struct("=q")
_MOST_FDS = 2
_READY = b"ready"


class ZygoteRequest(NamedTuple):
    """A worker to be forked for a slot. The descriptors are the receiver's to close; ``stack_fd`` may be -1."""

    slot: int
    birth_fd: int
    stack_fd: int


def make_line() -> tuple[socket.socket, socket.socket]:
    """The supervisor's end, which never blocks, and the zygote's.

    Raises:
        OSError: The system has no descriptors to spare.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(0.0)
    return ours, theirs


def ask(line: socket.socket, slot: int, birth_fd: int, stack_fd: int) -> None:
    """Ask for a worker. The descriptors remain the caller's.

    Raises:
        OSError: Too much is asked already, or nobody is there to hear it (``BrokenPipeError``, ``ConnectionError``).
    """
    fds = [birth_fd, *([stack_fd] if stack_fd >= 0 else [])]
    socket.send_fds(line, [_REQUEST.pack(slot)], fds)


def next_request(line: socket.socket) -> ZygoteRequest | None:
    """Wait for a request; None at the end of the line."""
    said, fds, _flags, _address = socket.recv_fds(line, _REQUEST.size, _MOST_FDS)
    if len(said) < _REQUEST.size or not fds:
        return None
    return ZygoteRequest(_REQUEST.unpack(said)[0], fds[0], fds[1] if len(fds) > 1 else -1)


def say_ready(line: socket.socket) -> None:
    """Tell the supervisor that the application is loaded."""
    line.send(_READY)


def hear(line: socket.socket) -> bool | None:
    """Whether the zygote has said that it is ready; None once it has closed its end."""
    try:
        said = line.recv(len(_READY))
    except BlockingIOError:
        return False
    except ConnectionError:
        return None
    return True if said == _READY else None
