"""Handlers that use up what their process has, and some that need a little of it."""

from __future__ import annotations

import asyncio
import resource
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from pooljobs import PoolJobs

DESCRIPTORS = 160
SPARE_MEMORY = 48_000_000
NOTHING = Path("/dev/null")

app = PoolJobs()
hoard: list[Any] = []
_, _most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, _most))


def take_all_descriptors() -> None:
    """Keeps them."""
    while True:
        hoard.append(NOTHING.open())


def take_all_memory() -> None:
    """Lets the process have a little more than it has, and keeps that."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + SPARE_MEMORY, resource.RLIM_INFINITY))
    for _ in range(20):
        with suppress(MemoryError):
            while True:
                hoard.append(bytearray(2_000_000))
        time.sleep(0.005)  # what others had for a moment is taken too
    raise MemoryError


TAKE = {"descriptors": take_all_descriptors, "memory": take_all_memory}


@app.job
def takes_all(what: str) -> None:
    """Leaves nothing for others, and does not notice it."""
    with suppress(OSError, MemoryError):
        TAKE[what]()


@app.job(max_retries=2, retry_policy="fixed", retry_delay_secs=0)
def takes_all_and_fails(what: str) -> None:
    """Whoever runs this is at its end afterwards."""
    TAKE[what]()


@app.job(max_retries=1)
def needs_too_much(what: str) -> None:
    """Lets go of everything when it fails: it is its own failure, and no worker's."""
    if what == "memory":
        bytearray(1 << 60)
    files = []
    while True:
        files.append(NOTHING.open())


@app.job
def needs_little(what: str) -> None:
    """A file, or some memory."""
    _need(what)


@app.job
async def needs_little_async(what: str) -> None:
    """The same."""
    await asyncio.sleep(0)
    _need(what)


@app.job(max_retries=1)
def fails_in_other_words(what: str) -> None:
    """As libraries do that make errors of their own."""
    try:
        _need(what)
    except (OSError, MemoryError) as error:
        text = f"the service is away: {error}"
    else:
        return
    raise LookupError(text)


def _need(what: str) -> None:
    if what == "memory":
        bytearray(80_000_000)  # more than a thread of glibc has set aside, 64 MB of addresses
    else:
        NOTHING.open().close()
