"""The application: the same for the driver, which enqueues, and for the workers."""

from __future__ import annotations

import os

from celery import Celery
from driving import tell

app = Celery("peer", broker=os.environ["PEER_REDIS_URL"])
app.conf.update(
    task_ignore_result=True,
    task_store_eager_result=False,
    task_acks_late=True,
    task_publish_retry=False,
    worker_send_task_events=False,
    worker_prefetch_multiplier=100,
    broker_connection_retry_on_startup=True,
)


@app.task(name="noop")
def noop(n: int) -> None:
    pass


@app.task(name="clocked")
def clocked(port: int, n: int) -> None:
    tell(port, n)
