"""Forks a child by the rules, each of which was a bug somewhere.

Signals stay blocked from before the fork until the child has handlers of its own, so that none is lost between.
While they are, the child lets go of everything that belongs to the supervisor, takes care of its standard descriptors,
enters a session of its own, and asks to be told of its parent's death. It never returns into the frames that forked it:
it leaves by ``os._exit``.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from logging import Logger
from signal import SIGTERM
from types import FrameType

from pooljobs.errors import PoolJobsError
from pooljobs.exit_codes import ExitCode
from pooljobs.process import standard_numbers
from pooljobs.process.child import Child
from pooljobs.process.child_signals import write_stacks
from pooljobs.process.liveness import birth
from pooljobs.scoreboard import Role, Wanted
from pooljobs_supervisor.forking.exit_handlers import forget_parents_handlers, run_exit_handlers
from pooljobs_supervisor.forking.exit_watch import Process
from pooljobs_supervisor.forking.fork_signals import give_back_in_forks
from pooljobs_supervisor.forking.measured_process import MeasuredProcess
from pooljobs_supervisor.forking.process_exit import leave
from pooljobs_supervisor.forking.signals import STOPPING, Handler, all_blocked, handle_in_child, unblock_all


def fork(
    name: str,
    settle_in: Callable[[], None],
    life: Callable[[], int],
    log: Logger,
    *,
    exit_handlers: bool = False,
    heir: bool = False,
) -> Process:
    """Fork a child that runs ``settle_in`` with all signals blocked, then ``life`` with none.

    With ``farewell`` it runs what was registered with ``atexit`` in it, before it leaves; an ``heir`` what was
    registered before the fork too.

    Raises:
        OSError: The system refuses another process.
    """
    process: Process = MeasuredProcess(target=_live, args=(settle_in, life, log, exit_handlers, heir), name=name)
    with all_blocked():
        process.start()
    return process


def _live(settle_in: Callable[[], None], life: Callable[[], int], log: Logger, exit_handlers: bool, heir: bool) -> None:
    code: int = ExitCode.INTERNAL
    try:
        if not heir:
            forget_parents_handlers()
        standard_numbers.take()
        settle_in()
        unblock_all()
        code = int(life())
    except PoolJobsError as error:
        code = error.exit_code
        log.error("%s%s", error, f" ({error.hint})" if error.hint else "")  # noqa: TRY400 - said on purpose, no bug
    except BaseException:  # SystemExit and KeyboardInterrupt too: nothing may unwind into the parent's frames
        log.exception("pid %d ended by an exception", os.getpid())
    finally:
        if exit_handlers:
            run_exit_handlers(code, log)
        leave(code)


def settle_in_child(child: Child, forget: Callable[[], None], tell_of_parent: Callable[[int], None]) -> None:
    """Make a forked process a child: handlers, files, session, parent's death. Runs with all signals blocked."""
    stop = _stop_handler(child)
    handle_in_child(stop)
    write_stacks(child.stack_fd)
    give_back_in_forks(stop, STOPPING)
    forget()
    os.setsid()
    child.slot.pid = os.getpid()
    child.slot.birth = birth(os.getpid())
    tell_of_parent(SIGTERM)
    if os.getppid() != child.parent_pid:
        child.ask(Wanted.DRAIN)


def _stop_handler(child: Child) -> Handler:
    """A signal from outside asks a worker to drain. A steward leaves last: it obeys its supervisor, or its death."""
    steward = child.slot.role is Role.STEWARD

    def stop(_number: int, _frame: FrameType | None) -> None:
        if steward and not child.orphaned():
            child.slot.wake()
        else:
            child.ask(Wanted.DRAIN)

    return stop
