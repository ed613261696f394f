"""A session of SQLAlchemy's for each run, plain or asynchronous, out of an engine for each worker: what a handler
writes commits together with its job's end, or is rolled back by what it raises.

Run a worker:    pooljobs serve --app examples.sqlalchemy_sessions:jobs
Enqueue two:     python -m examples.sqlalchemy_sessions
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator

from sqlalchemy import URL, CheckConstraint, Engine, create_engine, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from pooljobs import JobContext, PoolJobs, State, injected

jobs = PoolJobs()  # on DATABASE_URL, as the engines


class Base(DeclarativeBase): ...


class Account(Base):
    __tablename__ = "accounts"
    __table_args__ = (CheckConstraint("balance >= 0"),)
    name: Mapped[str] = mapped_column(primary_key=True)
    balance: Mapped[int] = mapped_column(default=0)


def url(driver: str) -> URL:
    return make_url(os.environ["DATABASE_URL"]).set(drivername=f"postgresql+{driver}")


def open_engine() -> Iterator[Engine]:
    engine = create_engine(url("psycopg"), pool_pre_ping=True)  # so that no run meets a broken connection
    yield engine
    engine.dispose()


def open_session(engine: State[Engine], job: JobContext) -> Iterator[Session]:
    with Session(engine) as session, session.begin():
        yield session  # what the handler raises is raised here
        job.complete_with(session)


async def open_async_engine() -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(url("asyncpg"), pool_pre_ping=True)  # of the worker's event loop
    yield engine
    await engine.dispose()


async def open_async_session(engine: State[AsyncEngine], job: JobContext) -> AsyncIterator[AsyncSession]:
    async with AsyncSession(engine) as session, session.begin():
        yield session
        await job.complete_with(session)


jobs.provide(Engine, open_engine)
jobs.provide(Session, open_session, scope="run")
jobs.provide(AsyncEngine, open_async_engine)
jobs.provide(AsyncSession, open_async_session, scope="run")


@jobs.job
def pay_in(name: str, amount: int, session: State[Session] = injected()) -> None:
    account = session.get(Account, name) or Account(name=name, balance=0)
    session.add(account)
    account.balance += amount


@jobs.job
async def pay_out(name: str, amount: int, session: State[AsyncSession] = injected()) -> None:
    account = await session.get(Account, name)
    if account is None:
        raise LookupError(f"{name} has no account")
    account.balance -= amount


def main() -> None:
    engine = create_engine(url("psycopg"))
    Base.metadata.create_all(engine)
    with jobs, Session(engine) as session, session.begin():
        pay_in.enqueue_with(session, "Ada", 5)
        pay_out.options(delay=1).enqueue_with(session, "Ada", 3)
    engine.dispose()


if __name__ == "__main__":
    main()
