"""The broker and its tasks: the same for the driver, which kicks, and for the workers."""

from __future__ import annotations

import os

from driving import tell
if os.environ.get("K"):
    from taskiq_redis import ListQueueBroker as Broker
    kw = {}
else:
    from taskiq_redis import RedisStreamBroker as Broker
    kw = dict(consumer_id="0", xread_count=int(os.environ.get("X", "100")))

broker = Broker(os.environ["PEER_REDIS_URL"], **kw)


@broker.task("noop")
async def noop(n: int) -> None:
    pass


@broker.task("clocked")
async def clocked(port: int, n: int) -> None:
    tell(port, n)
