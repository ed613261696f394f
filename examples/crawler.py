"""A run that takes too long is interrupted, and one that does not listen is killed.

Enqueue:  python -m examples.crawler
Run:      pooljobs serve --app examples.crawler --until-empty
"""

from __future__ import annotations

import logging
import time

from pooljobs import PoolJobs, TimeLimit, TimeLimitExceeded

app = PoolJobs()
log = logging.getLogger("crawler")


@app.job(time_limit=0.3)  # seconds; the worker is killed five seconds later
def crawl(site: str) -> None:
    """Caught, and the handler returns: the job is completed. Otherwise the run has failed."""
    found = 0
    try:
        while True:
            found += 1
            time.sleep(0.01)
    except TimeLimitExceeded:
        log.info("%d pages of %s are enough", found, site)


@app.job(time_limit=TimeLimit(hard=0.3), max_attempts=1)
def hang() -> None:
    """No soft limit: the worker is killed and replaced, and this run alone has failed."""
    time.sleep(3600)


def main() -> None:
    with app:
        crawl.enqueue(site="example.com")
        hang.enqueue()


if __name__ == "__main__":
    main()
