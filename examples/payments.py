"""What becomes of a run that fails, and what a handler decides itself.

Enqueue:  python -m examples.payments
Run:      pooljobs serve --app examples.payments --until-empty
"""

from __future__ import annotations

import logging

from pooljobs import Discard, Fail, JobContext, PoolJobs, Retry, Snooze, injected

app = PoolJobs()
log = logging.getLogger("payments")


class CardExpiredError(Exception):
    """Nothing that another run would mend."""


@app.job(max_attempts=5, retry_delay_secs=0.1, fail_on=CardExpiredError)
def charge(card: str, ctx: JobContext = injected()) -> None:
    if card == "expired":
        raise CardExpiredError(card)  # fail_on: has failed for good, in its first run
    if ctx.attempt < 3:
        raise ConnectionError("the bank is away")  # runs again, later and later
    log.info("charged %s in run %d", card, ctx.attempt)


@app.job
def refund(state: str, ctx: JobContext = injected()) -> None:
    match state:
        case "paid back already":
            raise Discard(state)  # ends as cancelled, and nobody is to blame
        case "no such payment":
            raise Fail(state)  # whatever runs are left
        case "rate limited" if ctx.attempt == 1:
            raise Retry(after=0.1)  # a run that failed, and when to try again
    log.info("refunded: %s", state)


@app.job
def reconcile(ctx: JobContext = injected()) -> None:
    raise Snooze(3600, "the books are still open")  # no run is charged, however often


def main() -> None:
    with app:
        charge.enqueue_many([{"card": "4711"}, {"card": "expired"}])
        refund.enqueue_many({"state": state} for state in ("paid back already", "no such payment", "rate limited"))
        reconcile.enqueue()


if __name__ == "__main__":
    main()
