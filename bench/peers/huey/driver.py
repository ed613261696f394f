"""Drives Huey on Redis: see peer.toml."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "support"))  # what the drivers share

from driving import drive
from tasks import clocked, huey, noop

TASKS = {"noop": noop, "clocked": clocked}
THREADS = "4"


class Huey:
    """Its queue is a list. A worker takes a job off before it runs it, so that one a thread may still be running."""

    def prepare(self) -> None:
        """Nothing is made beforehand."""

    def reset(self) -> None:
        huey.storage.conn.flushdb()

    def fill(self, jobs: int) -> None:
        noop.map(range(jobs))

    def enqueue(self, task: str, **payload: int) -> None:
        TASKS[task](**payload)

    def command(self) -> list[str]:
        options = ["--worker-type", "thread", "--workers", THREADS, "--no-periodic", "--quiet"]
        return ["-m", "huey.bin.huey_consumer", "tasks.huey", *options]

    def left(self) -> int:
        return huey.storage.queue_size()


if __name__ == "__main__":
    drive(Huey())
