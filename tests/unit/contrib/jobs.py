"""Jobs for tracers: of each temper, of each kind."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from pooljobs import Discard, Fail, PoolJobs, Retry, Snooze

OUTCOMES: dict[str, Callable[[], BaseException]] = {
    "snooze": lambda: Snooze(5),
    "retry": lambda: Retry(5),
    "discard": lambda: Discard("gone"),
    "fail": lambda: Fail("no such customer"),
    "lookup": lambda: LookupError("discarded by the declaration"),
    "error": lambda: ValueError("no"),
}


def an_app(inside: Callable[[], object] = lambda: None) -> PoolJobs:
    """Each handler calls ``inside``, then raises what it was told to."""
    app = PoolJobs()

    def run(raises: str | None) -> None:
        inside()
        if raises is not None:
            error = OUTCOMES[raises]()
            raise error

    @app.job(discard_on=LookupError)
    def plain(raises: str | None = None) -> None:
        run(raises)

    @app.job(discard_on=LookupError)
    async def awaits(raises: str | None = None) -> None:
        await asyncio.sleep(0)
        run(raises)

    @app.job
    def hidden(raises: str | None = None) -> Any:
        return awaits(raises)

    @app.job(secret=["card"])
    def charge(card: str, amount: int) -> None:
        number = card
        logging.getLogger("shop").warning("charging %s", number)
        raise ValueError(f"{card} is refused, not {amount}")

    return app
