"""Event loops that survive the handlers on them: one on the main thread for one job at a time, one in a thread of its
own for several. Used by the executors.

``SystemExit`` and ``KeyboardInterrupt`` fall through an event loop and stop it, whichever task raised them, and any
handler can stop the loop. So a handler's errors leave its task as a value, and a stopped loop is started again.

The loop for several is uvloop's where that is installed. The one for one job at a time is asyncio's always: it is
started and stopped for each job, and uvloop takes three times as long for that.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import os
import threading
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any, Self, TypeVar

from pooljobs.exit_codes import ExitCode
from pooljobs.job.error_text import headline

LAST_WAIT = 1.0
"""Seconds that tasks which handlers left running have at the end, after they were cancelled."""

Handler = Coroutine[Any, Any, object]
T = TypeVar("T")


def _task(
    loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, T], context: Context, log: logging.Logger
) -> asyncio.Task[T]:
    """By the task factory that a handler or hook may have set, unless that fails: a job would be held for ever."""
    try:
        return loop.create_task(coroutine, context=context)
    except Exception as error:  # noqa: BLE001  # whatever it raises
        log.warning("the event loop's task factory failed, and is not used for jobs any more: %s", headline(error))
        loop.set_task_factory(None)
        return asyncio.Task(coroutine, loop=loop, context=context)


class MainLoop:
    """An event loop that runs only while an async handler does."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._loop = asyncio.new_event_loop()  # not set as the thread's: a plain handler must not get hold of it

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Cancels what handlers left running; what does not end in time ends with the process."""
        if self._loop.is_closed():
            return
        if left := asyncio.all_tasks(self._loop):
            for task in left:
                task.cancel()
            self.run(asyncio.wait(left, timeout=LAST_WAIT))
        if not asyncio.all_tasks(self._loop):
            self._loop.close()

    def run(self, coroutine: Handler) -> None:
        """Runs a coroutine to its end, in a copy of the caller's context; raises what it raised."""
        if self._loop.is_closed():
            self._loop = asyncio.new_event_loop()
        task = _task(self._loop, _contained(coroutine), contextvars.copy_context(), self._log)
        task.add_done_callback(lambda _: self._loop.stop())
        while not task.done():
            _run(self._loop, self._log)
        _raise(task.result())


class BackgroundLoop:
    """An event loop in a daemon thread. Its methods may be called from any thread.

    ``broken`` is asked when the loop itself fails, which no handler's error can bring about; then the process ends.
    """

    def __init__(self, log: logging.Logger, broken: Callable[[], None] = lambda: None) -> None:
        self._log = log
        self._broken = broken
        make, name = _chosen()
        log.debug("async handlers run on %s", name)
        self._loop = make()
        self._leaving = False
        self._thread = threading.Thread(target=self._live, name="pooljobs-asyncio", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._leaving = True
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5.0)
        if not self._thread.is_alive():
            self._loop.close()

    def run(self, coroutine: Handler) -> None:
        """Runs a coroutine to its end, in the calling thread's context; raises what it raised."""
        _raise(asyncio.run_coroutine_threadsafe(_contained(coroutine), self._loop).result())

    def call(self, function: Callable[..., object], *arguments: object) -> None:
        """Has a function called on the loop; at once if that is where this is called."""
        if threading.current_thread() is self._thread:
            function(*arguments)
        else:
            self._loop.call_soon_threadsafe(function, *arguments)

    def create_task(self, coroutine: Coroutine[Any, Any, None], context: Context) -> asyncio.Task[None]:
        """A task; on the loop's own thread only."""
        return _task(self._loop, coroutine, context, self._log)

    def _live(self) -> None:
        try:
            while not self._leaving:
                _run(self._loop, self._log)
        except BaseException:  # noqa: BLE001  # without this thread nothing async would ever end
            self._broken()
            self._log.exception("the event loop of this worker is broken: the worker leaves, and is replaced")
            os._exit(ExitCode.INTERNAL)


def _chosen() -> tuple[Callable[[], asyncio.AbstractEventLoop], str]:
    """Makes an event loop, which is not set as anybody's current one; with its name."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop, "asyncio"
    return uvloop.new_event_loop, "uvloop"


def _run(loop: asyncio.AbstractEventLoop, log: logging.Logger) -> None:
    """Until somebody stops it."""
    try:
        loop.run_forever()
    except (SystemExit, KeyboardInterrupt) as error:
        log.warning("a task that a handler left running raised %s", type(error).__name__)


async def _contained(coroutine: Handler) -> BaseException | None:
    """What the handler raised. A process that it forked ends here: its copy of the loop shares our descriptors."""
    pid = os.getpid()
    try:
        await coroutine
    except BaseException as error:  # noqa: BLE001  # see the module
        return error
    finally:
        if os.getpid() != pid:
            os._exit(0)
    return None


def _raise(error: BaseException | None) -> None:
    if error is not None:
        raise error
