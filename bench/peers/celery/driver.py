"""Drives Celery on Redis, with workers of the solo pool: see peer.toml."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "support"))  # what the drivers share

from driving import drive
from redis import Redis
from tasks import app, clocked, noop

TASKS = {"noop": noop, "clocked": clocked}


class Celery:
    """Its queue is a list; what a worker has taken and not acknowledged is in a hash."""

    def __init__(self) -> None:
        self.redis = Redis.from_url(os.environ["PEER_REDIS_URL"])

    def prepare(self) -> None:
        """Nothing is made beforehand."""

    def reset(self) -> None:
        self.redis.flushdb()

    def fill(self, jobs: int) -> None:
        with app.producer_pool.acquire(block=True) as producer:
            for n in range(jobs):
                noop.apply_async(kwargs={"n": n}, producer=producer)

    def enqueue(self, task: str, **payload: int) -> None:
        TASKS[task].apply_async(kwargs=payload)

    def command(self) -> list[str]:
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "ERROR"]
        name = ["--hostname", f"peer-{os.getpid()}@%h"]
        return ["-m", "celery", "--app", "tasks", "worker", "--pool", "solo", "--concurrency", "1", *quiet, *name]

    def left(self) -> int:
        pipe = self.redis.pipeline(transaction=True)
        return sum(pipe.llen("celery").hlen("unacked").execute())


if __name__ == "__main__":
    drive(Celery())
