"""A pydantic model as a payload: checked where it is enqueued, and again where it runs. Needs the extra ``pydantic``.

Enqueue:  python -m examples.invoices
Run:      pooljobs serve --app examples.invoices --until-empty
"""

from __future__ import annotations

import logging
from decimal import Decimal

from pydantic import BaseModel, Field

from pooljobs import PayloadError, PoolJobs

app = PoolJobs()
log = logging.getLogger("invoices")


class Line(BaseModel):
    article: str
    price: Decimal = Field(gt=0)


class Invoice(BaseModel):
    to: str
    lines: list[Line] = Field(min_length=1)


@app.job
def send_invoice(invoice: Invoice) -> None:
    log.info("%s owes %s", invoice.to, sum(line.price for line in invoice.lines))


def main() -> None:
    with app:
        send_invoice.enqueue(Invoice(to="Ada", lines=[Line(article="tea", price=Decimal("4.50"))]))
        try:
            app.enqueue("send_invoice", {"to": "Eve", "lines": []})
        except PayloadError as error:
            print(error)


if __name__ == "__main__":
    main()
