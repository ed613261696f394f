"""The jobs: the same for the driver, which pushes, and for the workers."""

from __future__ import annotations

from chancy import job
from on_postgresql import tell


@job()
async def noop(*, n: int) -> None:
    """Returns at once."""


@job()
async def clocked(*, port: int, n: int) -> None:
    """Tells when it was entered."""
    tell(port, n)
