"""The application: the same for the driver, which enqueues, and for the consumers."""

from __future__ import annotations

import os

from driving import tell
from huey import RedisHuey

huey = RedisHuey("peer", url=os.environ["PEER_REDIS_URL"], blocking=True, results=False)


@huey.task()
def noop(n: int) -> None:
    pass


@huey.task()
def clocked(port: int, n: int) -> None:
    tell(port, n)
