"""A zygote's life: load the application, then fork a worker whenever one is asked for, until the line ends.

It runs in a child of the supervisor's, with its signals in order (``settle_in_zygote``). A worker is forked twice: the
process between ends at once, so that the supervisor becomes the worker's parent. From before the first fork until the
worker has handlers of its own all signals are blocked, as in ``spawn.py``, whose rules hold here too.
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass
from functools import partial
from logging import Logger
from types import FrameType

from pooljobs.exit_codes import ExitCode
from pooljobs.logs import name_process
from pooljobs.process.child import Child, ChildMain
from pooljobs.process.child_signals import write_stacks
from pooljobs.scoreboard import Scoreboard
from pooljobs_supervisor.fleet.children import Position
from pooljobs_supervisor.forking.fork_signals import give_back_in_forks
from pooljobs_supervisor.forking.signals import STOPPING, all_blocked, handle_in_child
from pooljobs_supervisor.forking.spawn import fork, settle_in_child
from pooljobs_supervisor.zygote.channel import ZygoteRequest, next_request, say_ready
from pooljobs_supervisor.zygote.fork_safe_loading import freeze
from pooljobs_supervisor.zygote.spawn_requests import announce
from pooljobs_supervisor.zygote.subreaper import await_adoption


@dataclass(frozen=True, slots=True)
class ZygoteContext:
    """What the supervisor gives to every zygote, and a zygote to its workers."""

    board: Scoreboard
    lifeline_fd: int
    _: KW_ONLY
    supervisor: int
    """Its pid."""
    load: Callable[[], object]
    """Imports the application; raises if it must not be forked."""
    worker: ChildMain
    tell_of_parent: Callable[[int], None]
    log: Logger


def settle_in_zygote(context: ZygoteContext, forget: Callable[[], None], stack_fd: int) -> None:
    """Make a forked process a zygote, which writes its stack there when it is asked. Runs with all signals blocked.

    Nothing is lost with it, so it dies with its supervisor on the spot. Other signals do nothing: who means the fleet
    means the supervisor.
    """
    handle_in_child(_take_no_notice)
    write_stacks(stack_fd)
    give_back_in_forks(_take_no_notice, STOPPING)
    forget()
    os.setsid()
    context.tell_of_parent(signal.SIGKILL)
    if os.getppid() != context.supervisor:
        os.kill(os.getpid(), signal.SIGKILL)


def live(context: ZygoteContext, line: socket.socket) -> int:
    """Load, and serve the line to its end; returns the exit code.

    Raises:
        PoolJobsError: The application cannot be used, or must not be forked.
    """
    name_process("zygote")
    context.load()
    freeze()
    with suppress(OSError):  # then the next step finds the line ended
        say_ready(line)
    while (request := next_request(line)) is not None:
        _bear(context, line, request)
    return ExitCode.OK


def _take_no_notice(_number: int, _frame: FrameType | None) -> None:
    """Exist, in the place of a default that ends the process."""


def _bear(context: ZygoteContext, line: socket.socket, request: ZygoteRequest) -> None:
    """Fork a worker, and wait until it is no descendant of this process."""
    with all_blocked():
        try:
            between = os.fork()
        except OSError as error:
            _refused(request, error)
            return
        if not between:
            _leave_a_worker(context, line, request)
    with suppress(ChildProcessError):  # the application has said that nobody waits for children
        os.waitpid(between, 0)
    _close(request)


def _leave_a_worker(context: ZygoteContext, line: socket.socket, request: ZygoteRequest) -> None:
    """Between zygote and worker: fork the worker and end. Nothing returns from here."""
    try:
        slot = context.board.slot(request.slot)
        child = Child(
            context.board,
            slot,
            lifeline_fd=context.lifeline_fd,
            parent_pid=context.supervisor,
            stack_fd=request.stack_fd,
        )
        settle_in = partial(_settle_in_worker, context, line, request, child, os.getpid())
        name = str(Position(slot.role, slot.ordinal))
        fork(name, settle_in, partial(context.worker, child), context.log, exit_handlers=True, heir=True)
    except OSError as error:
        _refused(request, error)
    except BaseException:  # nothing may unwind into the zygote's frames
        context.log.exception("no worker could be forked")
    finally:
        os._exit(0)


def _settle_in_worker(
    context: ZygoteContext, line: socket.socket, request: ZygoteRequest, child: Child, between: int
) -> None:
    await_adoption(between)
    settle_in_child(child, line.close, context.tell_of_parent)
    with suppress(OSError):  # the supervisor is gone, which the worker sees for itself
        announce(request.birth_fd, os.getpid())


def _refused(request: ZygoteRequest, error: OSError) -> None:
    with suppress(OSError):
        announce(os.dup(request.birth_fd), -(error.errno or 0))
    _close(request)


def _close(request: ZygoteRequest) -> None:
    for fd in (request.birth_fd, request.stack_fd):
        if fd >= 0:
            os.close(fd)
