"""Fixtures for every test that needs PostgreSQL, and the beginning and the end of a run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import settings
from psycopg import Connection

from pooljobs.embedded import acquire
from pooljobs.embedded.account import server_account
from pooljobs.embedded.copied_programs import runnable
from pooljobs.embedded.programs import find_programs
from tests.support.clocks import compiled_in
from tests.support.database import DatabaseServer, run_server
from tests.support.embedded import FAST, fresh_root
from tests.support.run_directory import begin_run, end_run, run_directory


def pytest_configure(config: pytest.Config) -> None:
    """Called in the process the user started, and in each worker of xdist."""
    for name, examples in (("gate", 50), ("thorough", 300)):
        settings.register_profile(name, deadline=None, max_examples=examples)
    settings.load_profile("gate")  # unless --hypothesis-profile names the other, which is loaded after this
    sys.dont_write_bytecode = False  # of tests, whatever the environment says: each of pytest's processes needs it
    if not hasattr(config, "workerinput"):
        begin_run()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Called when the workers are gone."""
    if not hasattr(config, "workerinput"):
        if given := os.environ.get("POOLJOBS_TEST_DSN"):
            DatabaseServer(given).drop_templates()
        end_run()


@pytest.fixture(scope="session")
def server() -> Iterator[DatabaseServer]:
    """The run's PostgreSQL."""
    with run_server() as running:
        yield running


@pytest.fixture(scope="session")
def pooljobs_server(server: DatabaseServer) -> DatabaseServer:
    """For the fixture ``jobs`` of ``pooljobs_testing``."""
    return server


@pytest.fixture
def empty_dsn(server: DatabaseServer) -> Iterator[str]:
    """DSN of a fresh database without pooljobs in it."""
    with server.empty() as dsn:
        yield dsn


@pytest.fixture
def owner_dsn(server: DatabaseServer) -> Iterator[str]:
    """DSN of a fresh database with the schema in it, for who owns it and may do anything."""
    with server.migrated() as dsn:
        yield dsn


@pytest.fixture
def dsn(server: DatabaseServer, owner_dsn: str) -> str:
    """DSN of the same database, for a role that has what a worker needs, and no more."""
    return server.as_worker(owner_dsn)


@pytest.fixture
def connection(owner_dsn: str) -> Iterator[Connection[Any]]:
    """The owner's connection, in autocommit mode: for what a test plants, and looks at."""
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        yield connection


@pytest.fixture
def cold_root() -> Iterator[Path]:
    """A place for a server of a test's own, which root's unprivileged server can enter. What runs there is ended."""
    with fresh_root() as root:
        yield root


@pytest.fixture(scope="session")
def seed() -> Iterator[Path]:
    """An embedded server's directory, with data and stopped."""
    with fresh_root() as root:
        acquire(root, settings=FAST).close()
        yield root


@pytest.fixture
def embedded_root(cold_root: Path, seed: Path) -> Path:
    """A copy of it, which spares a test the making of the data."""
    subprocess.run(["cp", "-a", seed, cold_root], check=True)
    return cold_root


@pytest.fixture(scope="session")
def reachable_bindir() -> Path:
    """PostgreSQL's programs, where the server's account can run them: copied, if need be, to a plain name."""
    place = run_directory()
    return runnable(find_programs(place / "none"), place, server_account()).bindir


@pytest.fixture(scope="session")
def clock_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What gives a process another wall clock."""
    return compiled_in(tmp_path_factory.mktemp("clock"))
