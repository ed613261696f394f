"""Signals to ``pooljobs serve`` outside the supervisor's own time: before its inbox is open, and after it is closed."""

from __future__ import annotations

import signal
from signal import Signals
from typing import NoReturn

from pooljobs.exit_codes import ExitCode
from pooljobs_supervisor.forking.signals import ORDERS, STOPPING
from pooljobs_supervisor.terminal import has_terminal


def leave_when_asked() -> None:
    """Until ``hand_over``: TERM and QUIT end the command in order. Orders find nothing yet that they could mean.

    A HUP finds no code that was imported, so what it asks for is done; but a terminal that goes still ends the command.
    """
    for number in (Signals.SIGTERM, Signals.SIGQUIT):
        signal.signal(number, _leave)
    for number in ORDERS:
        signal.signal(number, _do_nothing)
    if not has_terminal():
        _unless_ignored(Signals.SIGHUP)


def hand_over() -> None:
    """Have every signal wait for the supervisor's inbox, which unblocks them; what comes after it has no effect.

    The exit code is decided then, and what is left to do must not be cut short.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, (*STOPPING, *ORDERS))
    for number in STOPPING:
        _unless_ignored(number)


def _unless_ignored(number: Signals) -> None:
    """Take a signal without doing anything; one that is ignored (``nohup``) must still be seen to be."""
    if signal.getsignal(number) is not signal.SIG_IGN:
        signal.signal(number, _do_nothing)


def _leave(_number: int, _frame: object) -> NoReturn:
    """Nothing has been claimed yet."""
    raise SystemExit(ExitCode.OK)


def _do_nothing(_number: int, _frame: object) -> None:
    """Exist, in the place of a default that ends or stops the process."""
