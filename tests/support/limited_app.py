"""An application whose handlers run into their time limits, each in a way of its own."""

from __future__ import annotations

import asyncio
import ctypes
import itertools
import random
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress

from pooljobs import JobContext, PoolJobs, State, TimeLimit, TimeLimitExceeded
from pooljobs.process.child_signals import INTERRUPT, STACK
from tests.support.audit_app import Audit, open_audit

SOFT = 0.3
BOTH = TimeLimit(soft=SOFT, hard=0.8)
HARD = TimeLimit(hard=0.4)
LONG = 600.0

app = PoolJobs()
app.provide(Audit, open_audit)


@app.job(time_limit=BOTH)
def cleans_up() -> None:
    """Catches the interrupt and returns: its job is completed."""
    with suppress(TimeLimitExceeded):
        time.sleep(LONG)


@app.job(time_limit=BOTH)
def overruns() -> None:
    """Is interrupted, though it handles every ordinary error."""
    while True:
        with suppress(Exception):
            time.sleep(LONG)


@app.job(time_limit=BOTH)
def swallows() -> None:
    """Does not want to hear of it."""
    while True:
        with suppress(BaseException):
            time.sleep(LONG)


@app.job(time_limit=BOTH)
def counts_in_c() -> None:
    """Holds the interpreter's lock and never looks up: nothing in its process can run."""
    sum(itertools.repeat(0))


@app.job(time_limit=BOTH)
def backtracks() -> None:
    """The classic of a regular expression, which looks out for signals now and then."""
    re.match(r"(a+)+$", "a" * 60 + "b")


@app.job(time_limit=BOTH)
def masks_signals() -> None:
    """Blocks every signal in its thread."""
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    ctypes.PyDLL(None).sleep(600)


@app.job(time_limit=BOTH)
def ignores_signals() -> None:
    """Turns off every signal that can be turned off."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD}:
        with suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_IGN)
    time.sleep(LONG)


@app.job(time_limit=BOTH)
def has_a_subprocess() -> None:
    """Waits for a child that never ends, and will not let go."""
    child = subprocess.Popen([sys.executable, "-c", f"import time; time.sleep({LONG})"])
    while True:
        with suppress(BaseException):
            child.wait()


@app.job(time_limit=BOTH)
async def cleans_up_async() -> None:
    """As ``cleans_up``, on the loop."""
    with suppress(asyncio.CancelledError):
        await asyncio.sleep(LONG)


@app.job(time_limit=BOTH)
async def overruns_async() -> None:
    """Is interrupted where it awaits."""
    await asyncio.sleep(LONG)


@app.job(time_limit=BOTH)
async def swallows_async() -> None:
    """Goes on whatever it is told."""
    while True:
        with suppress(BaseException):
            await asyncio.sleep(LONG)


@app.job(time_limit=BOTH)
async def blocks_the_loop() -> None:
    """Never lets the loop turn."""
    time.sleep(LONG)  # noqa: ASYNC251


@app.job(time_limit=HARD)
def hangs() -> None:
    """Has a hard limit only."""
    time.sleep(LONG)


@app.job
def neighbour(audit: State[Audit], ctx: JobContext, secs: float = 0.0) -> None:
    """Has no limit; goes on record, then takes its time."""
    audit.began(ctx)
    time.sleep(secs)


@app.job(time_limit=SOFT)
def quick() -> None:
    """Ends long before its limit."""


@app.job(time_limit=0.05)
def about_its_limit() -> None:
    """Ends just before, at, or just after its limit."""
    until = time.monotonic() + 0.05 + random.uniform(-0.003, 0.01)
    while time.monotonic() < until:
        pass


@app.job
def changes_signals() -> None:
    """Sets handlers of its own for the very signals by which interrupts and stacks are asked for."""
    for number in (INTERRUPT, STACK):
        signal.signal(number, signal.SIG_IGN)
    time.sleep(0.005)  # after a shorter job the worker may not look at once
