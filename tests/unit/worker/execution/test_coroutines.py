"""The event loops of a worker survive what runs on them."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from pooljobs.exit_codes import ExitCode
from pooljobs_worker.execution.coroutines import LAST_WAIT, BackgroundLoop, MainLoop

LOG = logging.getLogger("test")
LOOPS = pytest.mark.parametrize("loop_type", [MainLoop, BackgroundLoop])


ROOT = Path(__file__).parents[4]
BREAKS_ITS_LOOP = """
import asyncio, logging, os
from pooljobs_worker.execution.coroutines import BackgroundLoop

async def breaks_it():
    os.closerange(3, 256)
    await asyncio.sleep(60)

with BackgroundLoop(logging.getLogger("test"), broken=lambda: print("looked", flush=True)) as loop:
    loop.run(breaks_it())
"""


async def exits() -> None:
    sys.exit(3)


async def leaves_one_that_exits() -> None:
    task = asyncio.create_task(exits())
    await asyncio.sleep(0.01)
    assert task.done()
    assert isinstance(task.exception(), SystemExit)


async def stops_the_loop() -> None:
    asyncio.get_running_loop().stop()
    await asyncio.sleep(0.01)


async def appends(done: list[int]) -> None:
    await asyncio.sleep(0)
    done.append(1)


@LOOPS
def test_what_is_raised_comes_out_and_the_loop_goes_on(loop_type: type[MainLoop | BackgroundLoop]) -> None:
    done: list[int] = []
    with loop_type(LOG) as loop:
        with pytest.raises(SystemExit):
            loop.run(exits())
        loop.run(appends(done))
    assert done == [1]


@LOOPS
@pytest.mark.parametrize("rude", [leaves_one_that_exits, stops_the_loop])
def test_a_stopped_loop_is_started_again(
    loop_type: type[MainLoop | BackgroundLoop], rude: Callable[[], Coroutine[Any, Any, None]]
) -> None:
    done: list[int] = []
    with loop_type(LOG) as loop:
        loop.run(rude())
        loop.run(appends(done))
    assert done == [1]


def test_tasks_that_will_not_end_do_not_hold_up_the_end() -> None:
    kept: list[asyncio.Task[None]] = []
    ending: list[int] = []

    async def stubborn() -> None:
        while not ending:
            try:
                await asyncio.sleep(0.01)
            except asyncio.CancelledError:
                continue

    async def leaves_it() -> None:
        kept.append(asyncio.create_task(stubborn()))

    loop = MainLoop(LOG)
    began = time.monotonic()
    with loop:
        loop.run(leaves_it())
    assert not kept[0].done()
    assert LAST_WAIT / 2 < time.monotonic() - began < LAST_WAIT * 20
    ending.append(1)
    loop.run(asyncio.wait(kept))
    loop.__exit__()


def test_a_loop_that_fails_ends_its_process() -> None:
    """Nobody else would notice: what ran on it would be waited for without end."""
    paths = (ROOT / "tests" / "support" / "without_uvloop", ROOT / "worker", ROOT / "shared")
    env = {**os.environ, "PYTHONPATH": ":".join(map(str, paths))}
    ended = subprocess.run(
        [sys.executable, "-c", BREAKS_ITS_LOOP], env=env, capture_output=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stdout) == (ExitCode.INTERNAL, b"looked\n"), ended.stderr
