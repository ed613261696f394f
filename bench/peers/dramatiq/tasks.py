"""The actors: the same for the driver, which sends, and for the workers."""

from __future__ import annotations

import os

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from driving import tell

broker = RedisBroker(url=os.environ["PEER_REDIS_URL"])
dramatiq.set_broker(broker)


@dramatiq.actor
def noop(n: int) -> None:
    pass


@dramatiq.actor
def clocked(port: int, n: int) -> None:
    tell(port, n)
