"""What providers may ask for, and what cannot be: told where it is declared, or before a worker starts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, cast

import pytest

from pooljobs import JobContext, PoolJobs, State
from pooljobs.application.readiness import check_ready
from pooljobs.errors import DeclarationError


class Config: ...


class Engine:
    def __init__(self, config: State[Config]) -> None:
        self.config = config


class Session: ...


class Client:
    async def aclose(self) -> None: ...


def open_session(engine: State[Engine], ctx: JobContext) -> Iterator[Session]:
    yield Session()


async def open_client() -> AsyncIterator[Client]:
    yield Client()


@asynccontextmanager
async def managed_client() -> AsyncIterator[Client]:
    yield Client()


async def make_client() -> Client:
    return Client()


def an_app(**asks: object) -> PoolJobs:
    """With a plain handler and an async one, which ask for these."""
    app = PoolJobs()

    for name, type_ in asks.items():
        app.job(name=name)(asking(type_, asynchronous=name.startswith("awaits")))
    return app


def asking(type_: object, *, asynchronous: bool) -> Any:
    async def awaits(thing: object) -> None: ...

    def plain(thing: object) -> None: ...

    handler = awaits if asynchronous else plain
    handler.__annotations__ = {"thing": cast("Any", State)[type_]}
    return handler


def test_providers_are_given_what_their_annotations_ask_for() -> None:
    app = PoolJobs()
    app.provide(Engine, Engine)
    app.provide(Config, Config)
    assert app.state.get(Engine).config is app.state.get(Config)
    assert [each.type_ for each in app.state.providers.needed([Engine])] == [Config, Engine]


def test_a_provider_keeps_its_defaults() -> None:
    app = PoolJobs()

    def make(text: str = "default", *args: object, config: State[Config], **more: object) -> str:
        return f"{text} {type(config).__name__} {args} {more}"

    app.provide(Config, Config)
    app.provide(str, make)
    assert app.state.get(str) == "default Config () {}"


@pytest.mark.parametrize(
    ("type_", "factory", "scope", "told"),
    [
        (Session, open_session, "worker", r"app.provide\(Session, open_session\): ctx is a JobContext"),
        (Session, Session, "job", "scope must be 'worker' or 'run', not 'job'"),
        (Session, lambda engine: engine, "run", "nobody would fill its parameter engine"),
        (Session, lambda engine, /: engine, "run", "nobody would fill its parameter engine"),
        (Session, 5, "run", r"app.provide\(Session, …\): the factory is a int, which cannot be called"),
    ],
)
def test_what_no_worker_could_make_is_refused_where_it_is_declared(
    type_: Any, factory: Any, scope: Any, told: str
) -> None:
    with pytest.raises(DeclarationError, match=told):
        PoolJobs().provide(type_, factory, scope=scope)


def test_a_worker_does_not_start_with_a_provider_that_asks_for_what_nobody_provides() -> None:
    app = an_app(plain=Session)
    app.provide(Session, open_session, scope="run")
    app.provide(Engine, Engine)
    with pytest.raises(DeclarationError, match=r"app.provide\(Engine, Engine\) asks for State\[Config\], which nobody"):
        check_ready(app)
    app.provide(Config, Config)
    check_ready(app)


def test_a_worker_does_not_start_with_providers_that_need_each_other() -> None:
    app = an_app(plain=Session)

    def make_config(session: State[Session]) -> Config:
        return Config()

    def make_engine(config: State[Config]) -> Engine:
        return Engine(config)

    app.provide(Session, open_session, scope="run")
    app.provide(Engine, make_engine, scope="run")
    app.provide(Config, make_config, scope="run")
    circle = (
        r"a circle of providers: app.provide\(Session, open_session\) needs app.provide\(Engine, make_engine\) needs"
        r" app.provide\(Config, make_config\) needs app.provide\(Session, open_session\)"
    )
    with pytest.raises(DeclarationError, match=circle):
        check_ready(app)


def test_a_circle_that_nobody_has_looked_for_is_an_error_and_no_endless_recursion() -> None:
    app = PoolJobs()

    def make(engine: State[Engine]) -> Engine:
        return engine

    app.provide(Engine, make)
    with pytest.raises(DeclarationError, match="circle"):
        app.state.get(Engine)


def test_what_is_made_once_cannot_ask_for_what_each_run_has() -> None:
    app = an_app(plain=Engine)
    app.provide(Engine, Engine)
    app.provide(Config, Config, scope="run")
    with pytest.raises(DeclarationError, match=r"Engine\) is made once in a worker, and asks for State\[Config\]"):
        check_ready(app)


@pytest.mark.parametrize("scope", ["worker", "run"])
@pytest.mark.parametrize("factory", [open_client, managed_client, make_client, Client, partial(make_client)])
def test_a_plain_handler_cannot_have_what_lives_in_an_event_loop(factory: Any, scope: Any) -> None:
    app = an_app(plain=Client)
    app.provide(Client, factory, scope=scope)
    with pytest.raises(DeclarationError, match=r"plain is a plain function, and app\.provide") as caught:
        check_ready(app)
    assert "make the handler async" in str(caught.value.hint)
    app = an_app(awaits=Client)
    app.provide(Client, factory, scope=scope)
    check_ready(app)


def test_nor_by_way_of_another_provider() -> None:
    app = an_app(plain=Session)

    def make(client: State[Client]) -> Session:
        return Session()

    app.provide(Session, make, scope="run")
    app.provide(Client, open_client)
    with pytest.raises(DeclarationError, match="open_client"):
        check_ready(app)


@pytest.mark.parametrize("scope", ["worker", "run"])
def test_out_of_a_worker_there_is_neither(scope: Any) -> None:
    app = PoolJobs()
    app.provide(Client, open_client, scope=scope)
    with pytest.raises(DeclarationError, match=r"State\[Client\] is to be had in a worker alone"):
        app.state.get(Client)
