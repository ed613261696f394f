"""Sentry: one report for each job that has failed for good, with what its run left in its scope.

Run a worker:    SENTRY_DSN=https://… pooljobs serve --app examples.sentry_errors:app
Enqueue one:     python -m examples.sentry_errors
"""

from __future__ import annotations

import os

import sentry_sdk

from pooljobs import PoolJobs
from pooljobs.contrib import sentry

app = PoolJobs()
sentry.install(app, dsn=os.environ.get("SENTRY_DSN"))


@app.job(max_attempts=2, retry_policy="fixed", retry_delay_secs=0, secret=["card"])
def charge(card: str) -> None:
    sentry_sdk.set_tag("bank", "first")
    raise ConnectionError(f"no answer for card {card}")


def main() -> None:
    with app:
        charge.enqueue("4000056655665556")


if __name__ == "__main__":
    main()
