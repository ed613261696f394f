"""What the Python drivers of the peers on PostgreSQL share: how a driver is called, and how it takes its figures.

Runs in the peer's environment, on the standard library and psycopg alone.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import random
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from typing import Any, LiteralString, Protocol

import psycopg

LOOK = 0.02
"""Seconds between two looks at what is left."""

PAUSE = 0.1
"""Seconds between two jobs of ``clock``, half of them random."""

WARM_UP = 40
"""Jobs of ``clock`` that do not count."""

DSN = os.environ.get("PEER_DSN", "")
URL = os.environ.get("PEER_PG_URL", "")

Enqueue = Callable[[str, dict[str, int]], Awaitable[object]]
"""Enqueues one job of that task, ``noop`` or ``clocked``; it is committed when this returns."""


class Peer(Protocol):
    """What a driver brings."""

    left: LiteralString
    """SQL: how many jobs are not finished."""
    newest_left: LiteralString
    """SQL: a row as long as a job is not finished, found by an index from the newest on: a drain takes those last."""
    span: LiteralString | None
    """SQL: seconds from the first durable completion to the last by the rows' own times. None: by looking."""

    async def prepare(self) -> None:
        """Make the schema."""

    async def reset(self) -> None:
        """Forget all jobs, ended ones too."""

    async def fill(self, jobs: int) -> None:
        """Enqueue that many no-op jobs, by the peer's own bulk way."""

    def producer(self) -> AbstractAsyncContextManager[Enqueue]:
        """One client, connected."""

    async def work(self) -> None:
        """Be one worker process until SIGTERM."""


def drive(peer: Peer) -> None:
    """Runs the command on the command line."""
    commands: dict[str, Callable[..., None]] = {
        "prepare": lambda: run(peer.prepare()),
        "reset": lambda: run(peer.reset()),
        "fill": lambda jobs: _fill(peer, jobs),
        "single": lambda seconds, clients: _single(peer, seconds, clients),
        "clock": lambda jobs: run(_clock(peer, jobs)),
        "work": lambda: run(peer.work()),
        "left": lambda: _say(left=_one(peer.left)),
        "watch": lambda: _watch(peer),
    }
    name, *numbers = sys.argv[1:] or [""]
    if name not in commands:
        sys.exit(f"usage: driver {'|'.join(commands)} [NUMBER ...]")
    commands[name](*map(int, numbers))


def run(main: Coroutine[Any, Any, None]) -> None:
    """On uvloop where the peer's environment has it."""
    try:
        import uvloop
    except ImportError:
        asyncio.run(main)
    else:
        uvloop.run(main)


def tell(port: int, n: int) -> None:
    """The handler of ``clock``: tells at once when it was entered, to the port that its job names."""
    entered = time.monotonic_ns()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(f"{n} {entered}".encode(), ("127.0.0.1", port))


async def until_told() -> None:
    """Returns at SIGTERM, for peers that leave signals to their application."""
    import signal

    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    await told.wait()


def _fill(peer: Peer, jobs: int) -> None:
    began = time.monotonic()
    run(peer.fill(jobs))
    _say(jobs=jobs, seconds=time.monotonic() - began)


def _single(peer: Peer, seconds: int, clients: int) -> None:
    """Each client is a process: in one they would share the interpreter's lock."""
    forking = multiprocessing.get_context("fork")
    ready, counts = forking.Barrier(clients), forking.SimpleQueue()
    processes = [forking.Process(target=_client, args=(peer, seconds, ready, counts)) for _ in range(clients)]
    for process in processes:
        process.start()
    figures = [counts.get() for _ in processes]
    for process in processes:
        process.join()
    _say(jobs=sum(jobs for jobs, _ in figures), seconds=max(took for _, took in figures))


def _client(peer: Peer, seconds: int, ready: Barrier, counts: SimpleQueue[tuple[int, float]]) -> None:
    async def main() -> None:
        async with peer.producer() as enqueue:
            for n in range(10):  # statements are prepared after some calls
                await enqueue("noop", {"n": n})
            ready.wait(60)
            jobs, began = 0, time.monotonic()
            while time.monotonic() < began + seconds:
                await enqueue("noop", {"n": jobs})
                jobs += 1
            counts.put((jobs, time.monotonic() - began))

    run(main())


async def _clock(peer: Peer, jobs: int) -> None:
    latencies = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(60.0)
        port = receiver.getsockname()[1]
        async with peer.producer() as enqueue:
            for n in range(jobs + WARM_UP):
                if n >= WARM_UP:
                    await asyncio.sleep(PAUSE * (0.5 + random.random()))
                began = time.monotonic_ns()
                await enqueue("clocked", {"port": port, "n": n})
                told, entered = map(int, receiver.recv(100).split())
                assert told == n, f"job {told} ran instead of job {n}"
                if n >= WARM_UP:
                    latencies.append((entered - began) / 1e6)
    _say(latencies_ms=latencies)


def _watch(peer: Peer) -> None:
    """Sees a drain: by the rows' times, or from the last look that found all there to the first that finds none."""
    with psycopg.connect(DSN, autocommit=True) as connection:
        looking = connection.cursor()
        jobs = _count(looking, peer.left)
        _say(ready=jobs)
        first = time.monotonic()
        while peer.span is None and (looked := time.monotonic()) and _count(looking, peer.left) == jobs:
            first = looked
            time.sleep(LOOK)
        while looking.execute(peer.newest_left, prepare=True).fetchone() is not None:
            time.sleep(LOOK)
        seconds = time.monotonic() - first
        if left := _count(looking, peer.left):
            sys.exit(f"{left} jobs are left, and the look for the newest does not see them")
        if peer.span:
            (seconds,) = looking.execute(peer.span).fetchone() or (0.0,)
        _say(jobs=jobs, seconds=float(seconds))


def _count(looking: psycopg.Cursor[tuple[Any, ...]], query: LiteralString) -> int:
    (jobs,) = looking.execute(query, prepare=True).fetchone() or (0,)
    return int(jobs)


def _one(query: LiteralString) -> int:
    with psycopg.connect(DSN, autocommit=True) as connection:
        return _count(connection.cursor(), query)


def _say(**line: Any) -> None:
    print(json.dumps(line), flush=True)
