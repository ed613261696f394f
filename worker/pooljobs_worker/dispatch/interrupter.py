"""Delivers interrupts: at a soft time limit, or for a cancellation, an exception in the handler that it is meant for.

The supervisor sees what is due and sends a signal; which job it is about stands on the scoreboard. A plain handler in
the main thread gets the exception raised by the signal's handler. It is raised only where the interrupted frame lies
inside of ``call``, whose one callee is the job's handler: then it surfaces in that handler, whatever the instant, and
never in code of ours. A signal that comes too early or too late finds no such frame and does nothing. An async handler
gets its task cancelled; what leaves it then is told as the interrupt. Threads cannot be interrupted.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from types import FrameType
from typing import Any

from pooljobs.handler.interrupts import JobCancelled, JobInterrupt, TimeLimitExceeded
from pooljobs.process.child_signals import INTERRUPT
from pooljobs.scoreboard import Slot
from pooljobs_worker.claims.claimed_job import ClaimedJob
from pooljobs_worker.dispatch.awaitables import is_awaitable
from pooljobs_worker.dispatch.plain_layers import call_handler

_NOT_HERE = logging.__file__
"""Other threads of ours wait for the locks that are held in there."""

_AROUND = call_handler.__code__.co_filename
"""What surrounds a run is entered and left undisturbed."""


def call(function: Callable[..., object], args: tuple[Any, ...], kwargs: Mapping[str, Any], job: ClaimedJob) -> object:  # noqa: ARG001  # read from the frame
    """Calls the handler of ``job``. What it runs may be interrupted, and nothing else."""
    return function(*args, **kwargs)


class Interrupter:
    """Who may be interrupted in this worker, and whether he is to be."""

    def __init__(self, slot: Slot, limits: Mapping[str, tuple[int, int]]) -> None:
        """``limits``: soft and hard, in nanoseconds, of each job type that has any."""
        self._slot = slot
        self._limits = limits
        self._tasks: dict[int, tuple[ClaimedJob, asyncio.Task[Any]]] = {}
        self._at_it = False

    def install(self) -> None:
        """Takes the signal from now on; main thread only."""
        signal.signal(INTERRUPT, self._on_signal)

    async def guard(self, result: Awaitable[object], job: ClaimedJob) -> None:
        """Awaits what a handler returned, and what comes of that, until nothing is left to run. It can be interrupted
        meanwhile; the interrupt's cause is the cancellation.
        """
        task = asyncio.current_task()
        assert task is not None
        self._tasks[job.entry] = (job, task)
        try:
            left: object = await result
            while left is not None and is_awaitable(left):
                left = await left
        except asyncio.CancelledError as error:
            if job.interrupt is None:
                raise
            task.uncancel()  # what surrounds the run may await something as it is left
            raise job.interrupt from error
        finally:
            self._tasks.pop(job.entry, None)

    def spare(self, job: ClaimedJob) -> None:
        """Leaves a job alone that is guarded, until its handler is: what surrounds it is not to be interrupted."""
        self._tasks.pop(job.entry, None)

    def cancelled(self, job: ClaimedJob, error: BaseException) -> bool:
        """Whether a job that has ended with this error counts as cancelled."""
        return (
            isinstance(error, JobCancelled)
            or isinstance(job.interrupt, JobCancelled)
            or self._slot.cancel_asked(job.entry, job.token)
        )

    def _on_signal(self, _number: int, frame: FrameType | None) -> None:
        """Runs in the main thread, between any two instructions of it; not within itself, however fast signals come:
        the next one finds what this one does not.
        """
        if self._at_it:
            return
        self._at_it = True
        try:
            for job, task in tuple(self._tasks.values()):
                if (interrupt := self._take(job)) is not None:
                    with suppress(RuntimeError):  # the loop was closed
                        task.get_loop().call_soon_threadsafe(self._cancel, job, task, str(interrupt))
            handled = handled_in(frame)
            if handled is not None and (interrupt := self._take(handled)) is not None:
                raise interrupt
        finally:
            self._at_it = False

    def _cancel(self, job: ClaimedJob, task: asyncio.Task[Any], why: str) -> None:
        """On the loop, where the handler may have ended meanwhile."""
        guarded = self._tasks.get(job.entry)
        if guarded is not None and guarded[0] is job and guarded[1] is task:
            task.cancel(why)

    def _take(self, job: ClaimedJob) -> JobInterrupt | None:
        """What is due to a job that runs; it is due once."""
        slot, entry = self._slot, job.entry
        if slot.cancel_asked(entry, job.token):
            slot.cancel_delivered(entry, job.token)
            slot.soft[entry] = 0  # it is stopping already
            job.interrupt = JobCancelled(job.id)
            return job.interrupt
        soft_ns = slot.soft[entry]
        if soft_ns and time.monotonic_ns() >= soft_ns:
            slot.soft[entry] = 0
            job.interrupt = TimeLimitExceeded(job.id, self._limits[job.job_type][0] / 1e9)
            return job.interrupt
        return None


def handled_in(frame: FrameType | None) -> ClaimedJob | None:
    """The job whose plain handler is interrupted in this frame; None where an exception must not be raised now.

    Not in ``call`` itself: the handler has not begun, or has returned. Not where the exception would be swallowed
    (``__del__``, callbacks of the garbage collector), or leave a lock behind that the worker needs: the supervisor's
    next signal finds a better moment. Nor where what surrounds the handler is entered or left.
    """
    inside = in_handler = False
    interrupted = frame
    while frame is not None:
        code = frame.f_code
        if code is call.__code__:
            job = frame.f_locals["job"]
            may_raise = inside and isinstance(job, ClaimedJob) and not _collects(interrupted, frame)
            return job if may_raise else None
        if code.co_name == "__del__" or code.co_filename == _NOT_HERE:
            return None
        if code is call_handler.__code__:
            in_handler = inside
        elif code.co_filename == _AROUND and not in_handler:
            return None
        inside = True
        frame = frame.f_back
    return None


def _collects(inner: FrameType | None, outer: FrameType) -> bool:
    """Whether the garbage collector has called something in between, for a library that measures it, say."""
    if not gc.callbacks:
        return False
    called = {getattr(callback, "__code__", None) for callback in gc.callbacks}
    while inner is not None and inner is not outer:
        if inner.f_code in called:
            return True
        inner = inner.f_back
    return False
