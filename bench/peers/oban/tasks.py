"""The jobs: the same for the driver, which enqueues, and for the workers."""

from __future__ import annotations

from on_postgresql import tell

from oban import worker


@worker(queue="default")
class Noop:
    """Returns at once."""

    async def process(self, job):
        pass


@worker(queue="default")
class Clocked:
    """Tells when it was entered."""

    async def process(self, job):
        tell(**job.args)
