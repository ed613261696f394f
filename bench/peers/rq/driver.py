"""Drives RQ, with workers that do not fork for each job: see peer.toml."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "support"))  # what the drivers share

from driving import drive
from redis import Redis
from rq import Queue

SLICE = 1_000


class RQ:
    """Its queue is a list; what a worker has begun is in the registry of started jobs."""

    def __init__(self) -> None:
        self.redis = Redis.from_url(os.environ["PEER_REDIS_URL"])
        self.queue = Queue("default", connection=self.redis)

    def prepare(self) -> None:
        """Nothing is made beforehand."""

    def reset(self) -> None:
        self.redis.flushdb()

    def fill(self, jobs: int) -> None:
        for start in range(0, jobs, SLICE):
            numbers = range(start, min(start + SLICE, jobs))
            data = [Queue.prepare_data("tasks.noop", kwargs={"n": n}, result_ttl=0) for n in numbers]
            self.queue.enqueue_many(data)

    def enqueue(self, task: str, **payload: int) -> None:
        self.queue.enqueue(f"tasks.{task}", kwargs=payload, result_ttl=0)

    def command(self) -> list[str]:
        url = ["--url", os.environ["PEER_REDIS_URL"]]
        options = ["--worker-class", "rq.worker.SimpleWorker", "--quiet", "--logging_level", "ERROR"]
        return ["-c", "from rq.cli import main; main()", "worker", *url, *options, "default"]

    def left(self) -> int:
        pipe = self.redis.pipeline(transaction=True)
        pipe.llen("rq:queue:default").llen("rq:queue:default:intermediate").zcard("rq:wip:default")
        return sum(pipe.execute())


if __name__ == "__main__":
    drive(RQ())
