"""Later, sooner, elsewhere: delays, priorities, queues.

Enqueue:  python -m examples.reminders
Run:      pooljobs serve --app examples.reminders --queues urgent:3,default --until-empty
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

from pooljobs import PoolJobs

app = PoolJobs()
log = logging.getLogger("reminders")


@app.job
def remind(of: str) -> None:
    log.info("do not forget: %s", of)


def main() -> None:
    with app:
        remind.options(delay=timedelta(hours=1)).enqueue(of="the bread in the oven")  # by the database's clock
        remind.options(run_at=datetime(2100, 1, 1, tzinfo=UTC)).enqueue(of="the new century")
        remind.enqueue(of="the flowers")
        remind.options(priority=-1).enqueue(of="the cat")  # -4 to 4, smaller first: before the flowers
        remind.options(queue="urgent").enqueue(of="the bath")  # three of four claims begin with this queue


if __name__ == "__main__":
    main()
