"""Take a job back.

Enqueue:  python -m examples.withdraw
Run:      pooljobs serve --app examples.withdraw --until-empty
"""

from __future__ import annotations

import logging
import time

from pooljobs import JobCancelled, PoolJobs

app = PoolJobs()
log = logging.getLogger("withdraw")


@app.job
def export(rows: int) -> None:
    """One that runs when it is cancelled has ``JobCancelled`` raised where it is, and five seconds to clean up."""
    try:
        time.sleep(rows / 1000)
    except JobCancelled:
        log.info("the file is removed again")
        raise


def main() -> None:
    with app:
        wrong = export.options(delay=60).enqueue(rows=1_000_000)
        export.enqueue(rows=10)
        print(app.cancel(wrong, reason="too many rows"))  # "cancelled"; of one that runs "requested"


if __name__ == "__main__":
    main()
