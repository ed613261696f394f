"""The pytest plugin. pytest loads it in every project where pooljobs is installed, so it imports nothing of it before a
test asks for one of these fixtures.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pooljobs.application.app import PoolJobs
    from pooljobs_testing.database_server import DatabaseServer
    from pooljobs_testing.harness import JobHarness

_RUN = "pooljobs_run"
"""Under which xdist's controller hands the run's name to its workers, and they say that they used it."""

_USED = pytest.StashKey[str]()

_NOWHERE = "host=/a/test/that/enqueues/asks/for/the/fixture/jobs"
"""Told by the error of a test that would otherwise write into the database of development."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The setting by which the application is found."""
    parser.addini("pooljobs_app", "the application whose jobs are tested, as module:attribute", default="")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Called by xdist before it starts a worker."""
    from pooljobs_testing.run_name import run_name

    node.workerinput[_RUN] = run_name()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:  # noqa: ARG001
    """Called by xdist when a worker has ended."""
    if used := getattr(node, "workeroutput", {}).get(_RUN):
        node.config.stash[_USED] = used


def pytest_unconfigure(config: pytest.Config) -> None:
    """Called at the end of a run: in the process that the user started, the workers are gone."""
    if used := config.stash.get(_USED, ""):
        from pooljobs_testing.run import end_run

        end_run(used)


@pytest.fixture(scope="session")
def pooljobs_server(request: pytest.FixtureRequest) -> Iterator[DatabaseServer]:
    """The run's PostgreSQL: the one that POOLJOBS_TEST_DSN names, or an embedded one for this run."""
    from pooljobs_testing.run import run_server
    from pooljobs_testing.run_name import run_name

    config = request.config
    if hasattr(config, "workerinput"):
        run = config.workerinput[_RUN]
        config.workeroutput[_RUN] = run  # type: ignore[attr-defined]  # xdist's
    else:
        config.stash[_USED] = run = run_name()
    with run_server(run) as server:
        yield server


@pytest.fixture(scope="session", autouse=True)
def _pooljobs_app_apart(request: pytest.FixtureRequest) -> Iterator[None]:
    """Keeps the application that is configured from any database but those of tests."""
    spec = str(request.config.getini("pooljobs_app"))
    if not spec:
        yield
        return
    from pooljobs.application.loading import load_app

    app = load_app(spec)
    before = app.dsn
    app.use_dsn(_NOWHERE)
    yield
    app.use_dsn(before)


@pytest.fixture
def pooljobs_app(request: pytest.FixtureRequest) -> PoolJobs:
    """The application: override this fixture, or set ``pooljobs_app`` in pytest's configuration."""
    from pooljobs.application.loading import load_app

    if spec := str(request.config.getini("pooljobs_app")):
        return load_app(spec)
    raise pytest.UsageError(
        "which application? set  pooljobs_app = module:attribute  or define the fixture pooljobs_app"
    )


@pytest.fixture
def pooljobs_dsn(pooljobs_server: DatabaseServer, pooljobs_app: PoolJobs) -> Iterator[str]:
    """A database of the test's own. Override this fixture where yours has pooljobs' tables in it."""
    with pooljobs_server.migrated(pooljobs_app.schema) as dsn:
        yield dsn


@pytest.fixture
def jobs(pooljobs_app: PoolJobs, pooljobs_dsn: str) -> Iterator[JobHarness]:
    """The application's jobs, on that database."""
    from pooljobs_testing.harness import harness

    with harness(pooljobs_app, pooljobs_dsn) as jobs:
        yield jobs
