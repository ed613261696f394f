"""Chooses the event loop on which async handlers run together: uvloop's where that is installed, else asyncio's own.

A loop that runs one handler at a time (``MainLoop``) is asyncio's always: it is started and stopped for each job, and
uvloop takes three times as long for that.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable


def make_event_loop(log: logging.Logger) -> asyncio.AbstractEventLoop:
    """A new event loop, which is not set as anybody's current one."""
    make, name = _choose()
    log.debug("async handlers run on %s", name)
    return make()


def _choose() -> tuple[Callable[[], asyncio.AbstractEventLoop], str]:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop, "asyncio"
    return uvloop.new_event_loop, "uvloop"
