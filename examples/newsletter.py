"""Many at once: all or none, by COPY.

Enqueue:  python -m examples.newsletter
Run:      pooljobs serve --app examples.newsletter --procs 2 --until-empty
"""

from __future__ import annotations

import time

from pooljobs import PoolJobs

app = PoolJobs()


@app.job(queue="mails")
def deliver(to: str) -> None:
    time.sleep(0.0001)  # stands in for a mail server


def main() -> None:
    with app:
        jobs = deliver.enqueue_many({"to": f"reader-{number}@example.com"} for number in range(1000))
        print(len(jobs), "in one transaction")


if __name__ == "__main__":
    main()
