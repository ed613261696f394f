"""The jobs: the same for the driver, which enqueues, and for the workers."""

from __future__ import annotations

from oban import Job, worker
from on_postgresql import tell


@worker(queue="default")
class Noop:
    """Returns at once."""

    async def process(self, job: Job) -> None:
        pass


@worker(queue="default")
class Clocked:
    """Tells when it was entered."""

    async def process(self, job: Job) -> None:
        tell(**job.args)
