"""A shop on FastAPI and SQLAlchemy: an order and the job that confirms it are stored together, or neither is.

Serve it:      uvicorn examples.fastapi_shop:web
Run a worker:  pooljobs serve --app examples.fastapi_shop:jobs
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy import make_url, select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from pooljobs import PoolJobs

jobs = PoolJobs()  # on DATABASE_URL, as the engine
web = FastAPI(lifespan=jobs.lifespan)
engine = create_async_engine(make_url(os.environ["DATABASE_URL"]).set(drivername="postgresql+asyncpg"))
new_session = async_sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase): ...


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    article: Mapped[str]
    confirmed: Mapped[bool] = mapped_column(default=False)


async def session() -> AsyncIterator[AsyncSession]:
    async with new_session() as opened:
        yield opened


Session = Annotated[AsyncSession, Depends(session)]
Jobs = Annotated[PoolJobs, Depends(lambda: jobs)]  # for tests: web.dependency_overrides


@jobs.job
async def confirm(order_id: int) -> None:
    async with new_session.begin() as opened:
        await opened.execute(update(Order).where(Order.id == order_id).values(confirmed=True))


@web.post("/orders", status_code=201)
async def place(article: str, session: Session) -> dict[str, str | int]:
    async with session.begin():  # committed before the answer is sent
        order = Order(article=article)
        session.add(order)
        await session.flush()  # which gives the order its id
        job = await confirm.enqueue_with(session, order_id=order.id)
        if not article:
            raise HTTPException(422, "an order needs an article")
    return {"order": order.id, "job": str(job.id)}


@web.get("/orders/{order_id}")
async def look(order_id: int, session: Session) -> dict[str, bool | None]:
    return {"confirmed": await session.scalar(select(Order.confirmed).where(Order.id == order_id))}


@web.delete("/jobs/{job_id}")
async def cancel(job_id: str, session: Session, jobs: Jobs) -> dict[str, str]:
    async with session.begin():
        return {"outcome": (await jobs.cancel_with(session, job_id)).value}
