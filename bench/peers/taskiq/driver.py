"""Drives taskiq on a stream of Redis: see peer.toml."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Coroutine
from functools import cached_property
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1] / "support"))  # what the drivers share

import uvloop
from driving import drive
from redis import Redis
from tasks import broker, clocked, noop

TASKS = {"noop": noop, "clocked": clocked}
AT_ONCE = 100


class Taskiq:
    """Its queue is a stream read by a group: what nobody has read lags, what nobody has acknowledged is pending."""

    def __init__(self) -> None:
        self.redis = Redis.from_url(os.environ["PEER_REDIS_URL"])

    @cached_property
    def loop(self) -> asyncio.AbstractEventLoop:
        """Made at its first use: the clients are forked, and share none."""
        return uvloop.new_event_loop()

    def run(self, step: Coroutine[Any, Any, object]) -> None:
        self.loop.run_until_complete(step)

    def prepare(self) -> None:
        self.run(broker.startup())

    def reset(self) -> None:
        self.redis.flushdb()
        self.run(broker.startup())

    def fill(self, jobs: int) -> None:
        async def kick(numbers: range) -> None:
            for n in numbers:
                await noop.kiq(n=n)

        async def clients() -> None:
            await broker.startup()
            await asyncio.gather(*(kick(range(start, jobs, AT_ONCE)) for start in range(AT_ONCE)))

        self.run(clients())

    def enqueue(self, task: str, **payload: int) -> None:
        self.run(TASKS[task].kiq(**payload))

    def command(self) -> list[str]:
        sizes = ["--workers", "1", "--max-async-tasks", "100", "--max-prefetch", "100"]
        return ["-m", "taskiq", "worker", "tasks:broker", *sizes, "--no-parse", "--log-level", "ERROR"]

    def left(self) -> int:
        groups = self.redis.xinfo_groups("taskiq")
        return sum(group["pending"] + group["lag"] for group in groups)


if __name__ == "__main__":
    drive(Taskiq())
