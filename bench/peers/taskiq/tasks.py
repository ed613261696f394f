"""The broker and its tasks: the same for the driver, which kicks, and for the workers."""

from __future__ import annotations

import os

from driving import tell
from taskiq_redis import RedisStreamBroker

# From the first entry on: jobs are enqueued before the first worker starts.
broker = RedisStreamBroker(os.environ["PEER_REDIS_URL"], consumer_id="0")


@broker.task("noop")
async def noop(n: int) -> None:
    pass


@broker.task("clocked")
async def clocked(port: int, n: int) -> None:
    tell(port, n)
