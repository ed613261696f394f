"""An application whose jobs fail, print and linger, to see what the log and the system say of them."""

from __future__ import annotations

import logging
import os
import time
from typing import NoReturn

from pooljobs import PoolJobs, TimeLimit

if os.environ.get("OWN_LOGGING"):
    logging.basicConfig(format="OWN %(levelname)s %(message)s", level=logging.DEBUG)

if os.environ.get("BROKEN_LOGGING"):

    class Broken(logging.Handler):
        """As of a service that is away."""

        def emit(self, record: logging.LogRecord) -> NoReturn:
            raise ConnectionError(record.getMessage())

    logging.getLogger("pooljobs").addHandler(Broken())

app = PoolJobs()
log = logging.getLogger("shop")


@app.job(retry_policy="fixed", retry_delay_secs=0, max_retries=2)
def raises() -> None:
    raise LookupError("no such shop\nfor you")


@app.job
def completes() -> None:
    log.debug("in detail")
    for _ in range(3):
        print("x" * 100_000, flush=True)


@app.job
def crashes() -> None:
    os._exit(3)


@app.job(time_limit=TimeLimit(hard=0.3), retry_policy="none")
def hangs() -> None:
    time.sleep(600)


@app.job
def lingers() -> None:
    time.sleep(600)
