"""Sends SIGTERM at a chosen moment of a worker's life, from within, in real processes: nothing is left to luck.

``moments_main.py`` runs ``pooljobs`` with these hooks. ``MOMENT_TO`` says who gets the signal: each worker in turn, at
a moment of its own, up to ``MOMENT_TRIES`` of them; or the supervisor, once, at the moment numbered ``MOMENT_FIRST``.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from random import Random
from typing import Any

from pooljobs.scoreboard import Role

NAMES = ("fork", "masked", "unmasked", "boot", "idle", "claim", "handler", "settle", "exit")
"""In the order of a life: in ``fork`` itself, before the child has handlers, with them, in the import, and so on."""

PRELOADED = ("fork", "between", "masked", "announced", *NAMES[2:])
"""The same of a worker from a zygote: in either fork, before its adoption, before handlers, before it is known."""

_SPREAD = 0.004
"""Seconds over which the signals are spread that are sent in the middle of something."""


class Moments:
    """One in the supervisor; each child goes on with a copy of its own."""

    def __init__(self) -> None:
        self._to = os.environ.get("MOMENT_TO", "worker")
        self._names = PRELOADED if "--preload" in sys.argv else NAMES
        self._tries = int(os.environ.get("MOMENT_TRIES", "1"))
        self._turn = int(os.environ.get("MOMENT_FIRST", "0")) - 1
        self._left = self._tries
        self._supervisor = os.getpid()
        self._mine = self._put_off = ""

    def begin(self, role: Role) -> None:
        """A child is about to be forked; a worker gets the next moment."""
        self._mine = ""
        if role is Role.WORKER and self._left > 0:
            self._left -= 1
            self._turn += 1
            self._mine = self._names[self._turn % len(self._names)]

    def put_off(self) -> None:
        """Nothing is to happen in the fork that comes now: ``resume`` in its child."""
        self._put_off, self._mine = self._mine, ""

    def resume(self) -> None:
        """Go on with what was put off."""
        self._mine, self._put_off = self._put_off, ""

    def parent_goes_on(self) -> None:
        """The fork is over."""
        self._mine = ""

    @property
    def mine(self) -> str:
        """This worker's moment; empty for none, or if it is past."""
        return self._mine

    def at(self, name: str) -> None:
        """This moment has come: send the signal if it is the one, now or a little later."""
        if name != self._mine:
            return
        self._mine = ""
        delay = Random(self._turn).uniform(-_SPREAD, _SPREAD) if name in {"claim", "handler", "settle"} else 0.0
        pid = os.getpid() if self._to == "worker" else self._supervisor
        if delay <= 0:
            os.kill(pid, signal.SIGTERM)
        else:
            threading.Timer(delay, os.kill, (pid, signal.SIGTERM)).start()


MOMENTS = Moments()


def before(owner: Any, attribute: str, name: str) -> None:
    """Have a function of pooljobs tell its moment before it does its work."""
    original = getattr(owner, attribute)

    def hooked(*arguments: Any, **named: Any) -> Any:
        MOMENTS.at(name)
        return original(*arguments, **named)

    setattr(owner, attribute, hooked)
