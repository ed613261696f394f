"""Handlers of each form, of which ``right_calls.py`` and ``wrong_calls.py`` make use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

from pydantic import BaseModel

from pooljobs import JobContext, PoolJobs, State, injected

app = PoolJobs()


class Mailer: ...


@dataclass
class Mail:
    to: str


class Invoice(BaseModel):
    number: int


class Order(TypedDict):
    item: str


@app.job
def greet(name: str, times: int = 1, ctx: JobContext = injected(), mailer: State[Mailer] = injected()) -> str:
    return f"{name} {times} {ctx.attempt} {mailer}"


@app.job(queue="pictures", max_retries=5)
async def thumbnail(path: str, *, width: int = 200, ctx: JobContext = injected()) -> int:
    return width


@app.job
def nothing() -> None: ...


@app.job
def send(mail: Mail, mailer: State[Mailer] = injected()) -> None: ...


@app.job(queue="invoices")
def bill(invoice: Invoice, ctx: JobContext = injected()) -> None: ...


@app.job
def order(order: Order) -> None: ...


@app.job
def sums(payload: list[int]) -> int:
    return sum(payload)


@app.job
def book(account: int, amount: int, **labels: str) -> None: ...


@app.job
def context_first(ctx: JobContext, name: str) -> str:
    """Without a default, as handlers were written before there was one."""
    return f"{name} {ctx.attempt}"


@app.job(name="mail.context_first")
def send_context_first(ctx: JobContext, mail: Mail) -> None: ...


@app.job
def anything(payload: Any) -> None: ...


@app.job
def any_fields(fields: Mapping[str, Any], ctx: JobContext = injected()) -> None: ...
