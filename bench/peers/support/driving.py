"""What the Python drivers of the peers on Redis share: how a driver is called, and how it takes its figures.

Runs in the peer's environment, on the standard library alone: see ``driving.mjs`` for its twin.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import socket
import sys
import time
from collections.abc import Callable
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any, Protocol

LOOK = 0.02
"""Seconds between two looks at what is left."""

PAUSE = 0.1
"""Seconds between two jobs of ``clock``, half of them random."""

WARM_UP = 40
"""Jobs of ``clock`` that do not count."""

SETTLE = 2.0
"""Seconds between those and the others: the second worker may still be starting."""


class Peer(Protocol):
    """What a driver brings."""

    def prepare(self) -> None:
        """Make what must be there before the first job."""

    def reset(self) -> None:
        """Forget all jobs."""

    def fill(self, jobs: int) -> None:
        """Enqueue that many no-op jobs, by the peer's own bulk way."""

    def enqueue(self, task: str, **payload: int) -> None:
        """Enqueue one job; it is stored when this returns."""

    def command(self) -> list[str]:
        """The arguments of ``python`` that are one worker process. Its directory is the driver's."""

    def left(self) -> int:
        """How many jobs are not finished."""


def drive(peer: Peer) -> None:
    """Run the command on the command line."""
    commands: dict[str, Callable[..., None]] = {
        "prepare": peer.prepare,
        "reset": peer.reset,
        "fill": lambda jobs: _fill(peer, jobs),
        "single": lambda seconds, clients: _single(peer, seconds, clients),
        "clock": lambda jobs: _clock(peer, jobs),
        "work": lambda: _work(peer.command()),
        "left": lambda: _say(left=peer.left()),
        "watch": lambda: _watch(peer),
    }
    name, *numbers = sys.argv[1:] or [""]
    if name not in commands:
        sys.exit(f"usage: driver {'|'.join(commands)} [NUMBER ...]")
    commands[name](*map(int, numbers))


def tell(port: int, n: int) -> None:
    """The handler of ``clock``: tells at once when it was entered, to the port that its job names."""
    entered = time.monotonic_ns()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(f"{n} {entered}".encode(), ("127.0.0.1", port))


def _fill(peer: Peer, jobs: int) -> None:
    began = time.monotonic()
    peer.fill(jobs)
    _say(jobs=jobs, seconds=time.monotonic() - began)


def _work(command: list[str]) -> None:
    here = Path(sys.argv[0]).resolve().parent
    os.chdir(here)
    paths = os.pathsep.join([str(here), str(Path(__file__).parent)])
    os.execve(sys.executable, [sys.executable, *command], {**os.environ, "PYTHONPATH": paths})


def _single(peer: Peer, seconds: int, clients: int) -> None:
    """Each client is a process: threads would share the interpreter's lock."""
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
    peer.enqueue("noop", n=0)
    ready.wait()
    jobs, began = 0, time.monotonic()
    while time.monotonic() < began + seconds:
        peer.enqueue("noop", n=jobs)
        jobs += 1
    counts.put((jobs, time.monotonic() - began))


def _clock(peer: Peer, jobs: int) -> None:
    latencies = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(60.0)
        port = receiver.getsockname()[1]
        for n in range(jobs + WARM_UP):
            if n >= WARM_UP:
                time.sleep(SETTLE if n == WARM_UP else PAUSE * (0.5 + random.random()))
            began = time.monotonic_ns()
            peer.enqueue("clocked", port=port, n=n)
            told, entered = map(int, receiver.recv(100).split())
            assert told == n, f"job {told} ran instead of job {n}"
            if n >= WARM_UP:
                latencies.append((entered - began) / 1e6)
    _say(latencies_ms=latencies)


def _watch(peer: Peer) -> None:
    """From the last look that found every job there to the first that finds none."""
    jobs = peer.left()
    _say(ready=jobs)
    first = time.monotonic_ns()
    while (looked := time.monotonic_ns()) and peer.left() == jobs:
        first = looked
        time.sleep(LOOK)
    while peer.left():
        time.sleep(LOOK)
    last = time.monotonic_ns()
    _say(jobs=jobs, seconds=(last - first) / 1e9, first_ns=first, last_ns=last)


def _say(**line: Any) -> None:
    print(json.dumps(line), flush=True)
