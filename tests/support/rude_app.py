"""An application whose jobs misbehave: each deed is something that a handler can do to its worker.

``inspect`` says whether the worker is again as it was when the application was imported.
"""

from __future__ import annotations

import asyncio
import contextvars
import ctypes
import decimal
import gc
import locale
import logging
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, Final

import psycopg

from pooljobs import PoolJobs, State

Deed = Callable[[], object]

LONG_ENOUGH: Final = 0.004
"""Seconds: after a shorter job the worker may not look at once whether something has to be put back."""

LEFT: Final[contextvars.ContextVar[str]] = contextvars.ContextVar("LEFT", default="nothing")

app = PoolJobs()
_sleep: Final = time.sleep
_deeds: Final[dict[str, Deed]] = {}
_async_deeds: Final[dict[str, Callable[[], Awaitable[object]]]] = {}

if limit := os.environ.get("RUDE_MEMORY"):
    resource.setrlimit(resource.RLIMIT_AS, (int(limit), resource.RLIM_INFINITY))


def deed(function: Deed) -> Deed:
    _deeds[function.__name__] = function
    return function


def async_deed(function: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[object]]:
    _async_deeds[function.__name__] = function
    return function


@app.job(max_retries=1)
def rude(deed: str) -> object:
    result = _deeds[deed]()
    _sleep(LONG_ENOUGH)
    return result


@app.job(max_retries=1)
def rude_and_gone(deed: str) -> None:
    _deeds[deed]()


@app.job(max_retries=1)
async def rude_async(deed: str) -> object:
    result = await _async_deeds[deed]()
    await asyncio.sleep(LONG_ENOUGH)
    return result


@app.job(max_retries=1)
def ordinary() -> None:
    print("as usual")
    time.sleep(0.0002)


@app.job(max_retries=1)
async def ordinary_async() -> None:
    await asyncio.sleep(0.0002)


# Whether everything is as it was


def surroundings() -> dict[str, Any]:
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD, signal.SIGALRM)
    return {
        "variables": (LEFT.get(), decimal.getcontext().prec),
        "directory": os.path.realpath("/proc/self/cwd"),
        "umask": next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("Umask")),
        "signals": [str(signal.getsignal(number)) for number in numbers],
        "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())),
        "timer": signal.getitimer(signal.ITIMER_REAL)[1],
        "recursion": sys.getrecursionlimit(),
        "collecting": gc.isenabled(),
        "printing": sys.stdout.writable(),
        "streams": all(Path(f"/proc/self/fd/{fd}").exists() for fd in range(3)),
        "log handlers": [type(handler).__name__ for handler in logging.root.handlers],
        "log disabled": logging.root.manager.disable,
    }


_AT_FIRST: Final = surroundings() | {"log handlers": ["LineHandler"]}  # which stands aside for this import


@app.job(max_retries=1)
def inspect() -> None:
    now = surroundings()
    changed = {name: value for name, value in now.items() if value != _AT_FIRST[name]}
    assert not changed, f"not put back: {changed}, was {_AT_FIRST}"
    print("inspected")


# Raising


class UnprintableError(Exception):
    def __str__(self) -> str:
        raise SystemExit("even its text")


class BadNameError(Exception):
    def __repr__(self) -> str:
        raise KeyboardInterrupt

    __str__ = __repr__


@deed
def system_exit() -> None:
    sys.exit(4)


@deed
def keyboard_interrupt() -> None:
    raise KeyboardInterrupt


@deed
def generator_exit() -> None:
    raise GeneratorExit


@deed
def stop_iteration() -> None:
    raise StopIteration


@deed
def unprintable() -> None:
    raise UnprintableError


@deed
def unprintable_too() -> None:
    raise BadNameError


@deed
def unstorable_text() -> None:
    raise ValueError("NUL \0 and half a pair \ud83d")


@deed
def group() -> None:
    raise BaseExceptionGroup("several", [ValueError("one"), SystemExit(2)])


@deed
def endless_recursion() -> object:
    return endless_recursion()


@deed
def low_recursion_limit() -> None:
    for limit in range(10, 200):
        try:
            sys.setrecursionlimit(limit)
        except RecursionError:
            continue
        break
    raise ValueError("with no depth left")


@deed
def out_of_memory() -> None:
    hoard = []
    while True:
        hoard.append(bytearray(2**20))


@deed
def raising_log_filter() -> None:
    class Broken(logging.Filter):
        def filter(self, _record: logging.LogRecord) -> bool:
            raise ValueError("broken filter")

    logging.getLogger("pooljobs.worker").addFilter(Broken())
    raise ValueError("now log this")


# Dying


@deed
def exit_0() -> None:
    os._exit(0)


@deed
def exit_3() -> None:
    os._exit(3)


@deed
def segfault() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.string_at(0)


@deed
def abort() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.abort()


@deed
def out_of_processor_time() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    used = resource.getrusage(resource.RUSAGE_SELF)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + 1, -1))
    while True:
        pass


@deed
def terminate_its_group() -> None:
    os.killpg(0, signal.SIGTERM)


@deed
def close_all_descriptors() -> None:
    os.closerange(3, 256)


@deed
def close_all_descriptors_and_open_others() -> None:
    os.closerange(3, 256)
    for _ in range(30):
        os.open(os.devnull, os.O_RDWR)


# Forking


@deed
def fork_and_return_twice() -> None:
    os.fork()


@deed
def fork_and_raise_twice() -> None:
    os.fork()
    raise ValueError("twice")


@deed
def fork_and_stay() -> None:
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(30)
        os._exit(0)


@deed
def leave_a_subprocess() -> None:
    subprocess.Popen(["sleep", "30"])


# Leaving things running


@deed
def leave_threads() -> None:
    for daemon in (True, False):
        threading.Thread(target=time.sleep, args=(60,), daemon=daemon).start()


@deed
def exit_in_a_thread() -> None:
    thread = threading.Thread(target=sys.exit, args=(5,))
    thread.start()
    thread.join()


@deed
def alarm() -> None:
    signal.setitimer(signal.ITIMER_REAL, 0.2)


@deed
def raising_alarm() -> None:
    def ring(*_: object) -> None:
        raise TimeoutError("much too late")

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 0.2, 0.2)


# Changing the process


@deed
def change_directory() -> None:
    os.chdir("/")


@deed
def change_umask() -> None:
    os.umask(0o777)


@deed
def change_environment() -> None:
    os.environ.clear()


@deed
def change_locale() -> None:
    locale.setlocale(locale.LC_ALL, "C")


@deed
def ignore_signals() -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
        signal.signal(number, signal.SIG_IGN)


@deed
def handle_signals() -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
        signal.signal(number, lambda *_: os._exit(9))


@deed
def block_signals() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())


@deed
def close_streams() -> None:
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        stream.close()


@deed
def close_standard_descriptors() -> None:
    os.closerange(0, 3)


@deed
def replace_streams() -> None:
    sys.stdout = sys.stderr = None


@deed
def shut_logging_down() -> None:
    logging.shutdown()


@deed
def silence_logging() -> None:
    logging.disable(logging.CRITICAL)
    logging.getLogger("pooljobs.worker").disabled = True
    for handler in list(logging.root.handlers):
        logging.root.removeHandler(handler)


@deed
def print_without_end() -> None:
    for _ in range(50):
        print("x" * 2**20)


@deed
def forget_modules() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] in {"psycopg", "pooljobs", "logging", "json"}]:
        del sys.modules[name]


@deed
def patch_sleep() -> None:
    def never(_seconds: object) -> None:
        return

    time.sleep = never


@deed
def stop_collecting() -> None:
    gc.disable()


@deed
def return_a_generator() -> Iterator[int]:
    return (1 // 0 for _ in range(3))


@deed
def return_much() -> bytes:
    return bytes(2**28)


@deed
def return_a_coroutine() -> object:
    return asyncio.sleep(LONG_ENOUGH, result=asyncio.sleep(0))


@deed
def set_variables() -> None:
    LEFT.set("by a deed")
    decimal.getcontext().prec = 1


# Connections


class Connections:
    """A connection of the application's own."""

    def __init__(self) -> None:
        self.connection = psycopg.connect(os.environ["AUDIT_DSN"])


app.provide(Connections, Connections)


@app.job(max_retries=1)
def leave_a_failed_transaction(connections: State[Connections]) -> None:
    try:
        connections.connection.execute("SELECT nothing_like_this")
    except psycopg.Error:
        ordinary.enqueue()


# Async


@async_deed
async def async_system_exit() -> None:
    sys.exit(4)


@async_deed
async def async_keyboard_interrupt() -> None:
    raise KeyboardInterrupt


@async_deed
async def async_generator_exit() -> None:
    raise GeneratorExit


@async_deed
async def async_cancelled_error() -> None:
    raise asyncio.CancelledError


@async_deed
async def async_stop_iteration() -> None:
    raise StopIteration


@async_deed
async def async_stop_async_iteration() -> None:
    raise StopAsyncIteration


@async_deed
async def async_return_what_gather_gives() -> object:
    return asyncio.gather(asyncio.sleep(LONG_ENOUGH), asyncio.sleep(0))


@async_deed
async def cancel_itself() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(0)


@async_deed
async def cancel_all_tasks() -> None:
    for task in asyncio.all_tasks():
        task.cancel()


async def _endless() -> None:
    while True:
        try:
            await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            continue


async def _exiting() -> None:
    sys.exit(6)


@async_deed
async def leave_tasks() -> None:
    app.kept = [asyncio.create_task(_endless()), asyncio.create_task(asyncio.sleep(60))]  # type: ignore[attr-defined]  # kept from collection
    await asyncio.sleep(0)


@async_deed
async def leave_a_task_that_exits() -> None:
    app.kept = asyncio.create_task(_exiting())  # type: ignore[attr-defined]  # kept from collection
    await asyncio.sleep(0.01)


@async_deed
async def leave_an_executor_busy() -> None:
    asyncio.get_running_loop().run_in_executor(None, time.sleep, 60)


@async_deed
async def stop_the_loop() -> None:
    asyncio.get_running_loop().stop()
    await asyncio.sleep(0.01)


@async_deed
async def async_close_all_descriptors() -> None:
    os.closerange(3, 256)


@async_deed
async def async_fork_and_return_twice() -> None:
    os.fork()
    await asyncio.sleep(0.01)


@deed
def run_a_loop() -> None:
    asyncio.run(asyncio.sleep(0))


@deed
def close_the_loop() -> None:
    asyncio.run(asyncio.sleep(0))
    asyncio.set_event_loop(loop := asyncio.new_event_loop())
    loop.run_until_complete(asyncio.sleep(0))
    asyncio.get_event_loop().close()
