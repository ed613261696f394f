"""Fixtures of all tests: a database of one's own. Tests in ``tests/unit`` ask for none of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from tests.support.database import TEMPLATE, database, ensure_template, run_server


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The DSN of the run's server, with the template made."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    with run_server(run[:12]) as dsn:
        ensure_template(dsn)
        yield dsn


@pytest.fixture
def dsn(server: str) -> Iterator[str]:
    """The DSN of a migrated database of the test's own."""
    with database(server, TEMPLATE) as made:
        yield made


@pytest.fixture
def empty_dsn(server: str) -> Iterator[str]:
    """The DSN of a database of the test's own in which pooljobs has never been."""
    with database(server, "template1") as made:
        yield made


@pytest.fixture
def connection(dsn: str) -> Iterator[Connection[Any]]:
    """An autocommit connection to ``dsn``."""
    with psycopg.connect(dsn, autocommit=True) as opened:
        yield opened
