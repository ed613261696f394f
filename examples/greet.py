"""Declare a job, enqueue it, run it.

Enqueue:  python -m examples.greet
Run:      pooljobs serve --app examples.greet --until-empty
"""

from __future__ import annotations

import logging

from pooljobs import PoolJobs

app = PoolJobs()
log = logging.getLogger("greet")


@app.job
def greet(name: str, greeting: str = "hello") -> None:
    """The parameters are the payload, checked by their annotations where it is enqueued and where it runs."""
    log.info("%s, %s", greeting, name)


def main() -> None:
    with app:  # closes connections at its end
        greet.enqueue(name="Ada")
        greet.enqueue(name="Grace", greeting="good morning")


if __name__ == "__main__":
    main()
