"""Drives Dramatiq on Redis: see peer.toml."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "support"))  # what the drivers share

from dramatiq import group
from driving import drive
from tasks import broker, clocked, noop

TASKS = {"noop": noop, "clocked": clocked}
THREADS = "8"


class Dramatiq:
    """A message stays in a hash until it is acknowledged."""

    def __init__(self) -> None:
        self.redis = broker.client

    def prepare(self) -> None:
        """Nothing is made beforehand."""

    def reset(self) -> None:
        self.redis.flushdb()

    def fill(self, jobs: int) -> None:
        group(noop.message(n=n) for n in range(jobs)).run()

    def enqueue(self, task: str, **payload: int) -> None:
        TASKS[task].send(**payload)

    def command(self) -> list[str]:
        return ["-m", "dramatiq", "tasks", "--processes", "1", "--threads", THREADS]

    def left(self) -> int:
        return self.redis.hlen("dramatiq:default.msgs")


if __name__ == "__main__":
    drive(Dramatiq())
