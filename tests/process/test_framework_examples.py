"""The examples on their frameworks: requests by a real client, jobs by a real worker."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from importlib import import_module, reload
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
from psycopg import Connection

from tests.support.claims import scalar
from tests.support.database_url import as_url
from tests.support.serving import Serving
from tests.support.waiting import wait_until

Conn = Connection[Any]

ORDERS = """CREATE TABLE orders (
    id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY, article text NOT NULL, confirmed boolean, confirmed_by text
)"""


@pytest.fixture(autouse=True)
def url(owner_dsn: str, connection: Conn, monkeypatch: pytest.MonkeyPatch) -> str:
    connection.execute(ORDERS)
    connection.execute("GRANT ALL ON orders TO PUBLIC")
    monkeypatch.setenv("DATABASE_URL", as_url(owner_dsn))
    monkeypatch.delenv("POOLJOBS_DSN", raising=False)
    return as_url(owner_dsn)


@pytest.fixture
def fastapi_shop(url: str) -> ModuleType:
    return reload(import_module("examples.fastapi_shop"))


@pytest.fixture
def flask_shop(url: str) -> Iterator[ModuleType]:
    shop = reload(import_module("examples.flask_shop"))
    yield shop
    shop.engine.dispose()


def until_empty(url: str, log: Path, app: str, *more: str) -> None:
    with Serving(url, log, "--until-empty", "--poll-interval", "0.2", *more, app=app) as serving:
        assert serving.ended() == 0, serving.text


def test_fastapi(fastapi_shop: ModuleType, url: str, connection: Conn, tmp_path: Path) -> None:
    shop = fastapi_shop

    async def visit() -> None:
        transport = httpx.ASGITransport(shop.web)
        async with shop.web.router.lifespan_context(shop.web), httpx.AsyncClient(transport=transport) as client:
            refused = await client.post("http://shop/orders", params={"article": ""})
            assert refused.status_code == 422
            placed, other = [
                (await client.post("http://shop/orders", params={"article": name})).json() for name in ("tea", "milk")
            ]
            cancelled = await client.delete(f"http://shop/jobs/{other['job']}")
            assert cancelled.json() == {"outcome": "cancelled"}
            assert scalar(connection, "SELECT count(*) FROM pooljobs.live") == 1
            await asyncio.to_thread(until_empty, url, tmp_path / "log", "examples.fastapi_shop:jobs")
            for order, confirmed in ((placed, True), (other, False)):
                looked = await client.get(f"http://shop/orders/{order['order']}")
                assert looked.json() == {"confirmed": confirmed}
        await shop.engine.dispose()

    asyncio.run(visit())
    assert scalar(connection, "SELECT count(*) FROM orders") == 2


def test_the_lifespan_opens_nothing_and_closes_what_was_opened(fastapi_shop: ModuleType, connection: Conn) -> None:
    shop = fastapi_shop
    opened = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pooljobs producer'"

    async def live() -> list[int]:
        seen = []
        async with shop.web.router.lifespan_context(shop.web):
            seen.append(scalar(connection, opened))
            await shop.confirm.enqueue_async(order_id=1)
            seen.append(scalar(connection, opened))
        return seen

    seen = asyncio.run(live())
    assert seen[0] == 0 < seen[1]
    wait_until(lambda: scalar(connection, opened) == 0)


@pytest.mark.long
def test_flask(flask_shop: ModuleType, url: str, connection: Conn, tmp_path: Path) -> None:
    client = flask_shop.web.test_client()
    assert client.post("/orders?article=").status_code == 422
    for _ in range(3):
        assert client.post("/orders?article=tea").status_code == 201
    assert scalar(connection, "SELECT count(*) FROM pooljobs.live") == 3
    until_empty(url, tmp_path / "log", "examples.flask_shop:jobs", "--concurrency", "3")
    assert connection.execute("SELECT DISTINCT article, confirmed_by FROM orders").fetchall() == [("tea", "Ada")]
