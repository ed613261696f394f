"""Where nobody looks on no private database is started by itself; who wants one says so; libpq's variables lead none
astray.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from pooljobs.exit_codes import ExitCode
from tests.support.command import environment, pooljobs
from tests.support.embedded import REPOSITORY
from tests.support.project import Project
from tests.support.waiting import wait_until

SYSTEMD = {"INVOCATION_ID": "6f1a", "JOURNAL_STREAM": "8:1234"}
MISTYPED = {"DATABASE_URI": "postgresql://me:s3cret@db/shop"}

APPLICATION = """
import logging
from pooljobs import PoolJobs
app = PoolJobs({dsn})
@app.job
def greet() -> None:
    logging.getLogger("greeting").warning("hello from the handler")
if __name__ == "__main__":
    with app:
        greet.enqueue()
"""


@pytest.fixture
def project(tmp_path: Path, cold_root: Path) -> Project:
    return Project(tmp_path / "shop", cold_root.with_name("share"))


def application(project: Project, dsn: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Runs an application that enqueues."""
    (project.folder / "greeting.py").write_text(APPLICATION.format(dsn=dsn))
    variables = environment({**project.env, "PYTHONPATH": str(REPOSITORY), **env})
    command = [sys.executable, "greeting.py"]
    return subprocess.run(command, cwd=project.folder, env=variables, capture_output=True, text=True, check=False)


@pytest.mark.hazard(
    "A mistyped variable starts a private database in production, where nobody reads a warning",
    closed="under a service manager none is started unasked (`shared/pooljobs/embedded/managers.py`), and what is set "
    "and may have been meant is named (`shared/pooljobs/db/unnamed.py`)",
    area="database",
)
@pytest.mark.parametrize(
    "arguments",
    [
        ["enqueue", "thing"],
        ["jobs", "list"],
        ["jobs", "show", "01981f0e-5b1a-7c3d"],
        ["jobs", "cancel", "01981f0e-5b1a-7c3d"],
        ["stats"],
        ["migrate"],
        ["grant", "somebody", "--as", "viewer", "--run"],
        ["bench", "--yes"],
        ["serve", "--app", "tests.support.audit_app:app"],
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_a_service_whose_variable_is_mistyped_starts_no_database(project: Project, arguments: list[str]) -> None:
    ended = project.run(*arguments, env={**SYSTEMD, **MISTYPED, "PYTHONPATH": str(REPOSITORY)})
    assert (ended.code, ended.out) == (ExitCode.REFUSED, ""), ended.err
    error, hint = ended.err.splitlines()
    assert error.startswith("error: no database is named, and under systemd (INVOCATION_ID is set) no private one")
    assert "DATABASE_URI is set: was that meant?" in hint
    assert "--embedded" in hint
    assert "s3cret" not in ended.err
    assert not project.root.exists()


def test_an_application_that_is_a_service_is_refused_where_it_enqueues(project: Project) -> None:
    done = application(project, "", KUBERNETES_SERVICE_HOST="10.0.0.1")
    assert done.returncode == 1
    assert "RefusedError: no database is named, and under Kubernetes" in done.stderr
    assert not project.root.exists()


def test_who_asks_for_the_embedded_server_gets_it_everywhere(project: Project, seed: Path) -> None:
    elsewhere = {**SYSTEMD, "DATABASE_URL": "postgresql://127.0.0.1:1/x"}
    with project.running(seed):
        for arguments, env in (
            (["stats", "--embedded"], elsewhere),
            (["stats", "--dsn", "embedded"], elsewhere),
            (["stats"], {**elsewhere, "POOLJOBS_DSN": "embedded"}),
        ):
            ended = project.run(*arguments, env=env)
            assert ended.code == 0, ended.err
            told = f"using the embedded PostgreSQL in {project.root}, of the project {project.folder}"
            assert ended.err.splitlines()[0] == told
        done = application(project, '"embedded"', **elsewhere)
        assert (done.returncode, done.stderr) == (0, "")
        [job] = project.run("jobs", "list", "--json").json
        assert job["job_type"] == "greet"
        ended = project.run("stats", "--embedded", "--dsn", "host=db")
    assert ended.code == ExitCode.USAGE
    assert "name two databases" in ended.err


def test_serve_takes_it_too_and_says_where_its_jobs_are(project: Project, seed: Path, tmp_path: Path) -> None:
    with project.running(seed):
        assert application(project, "").returncode == 0
        asked = served(project, tmp_path / "asked.log", "hello from the handler", "--embedded", env=SYSTEMD)
        unasked = served(project, tmp_path / "unasked.log", "ready after")
    for told, warnings in ((asked, 0), (unasked, 1)):
        assert told.count(f"embedded PostgreSQL in {project.root}, of the project {project.folder}, schema") == 1
        assert told.count("WARN  supervisor no database is named") == warnings, told


def served(project: Project, log: Path, until: str, *options: str, env: Mapping[str, str] | None = None) -> str:
    """The log of a ``serve`` that was drained once it had said something."""
    variables = environment({**project.env, **(env or {}), "PYTHONPATH": str(REPOSITORY)})
    command = [sys.executable, "-m", "pooljobs", "serve", "--app", "greeting:app", *options]
    with log.open("wb") as file:
        process = subprocess.Popen(command, env=variables, cwd=project.folder, stdout=file, stderr=file)
    try:
        wait_until(lambda: until in log.read_text() or process.poll() is not None, what=until)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, log.read_text()
    finally:
        process.kill()
    return log.read_text()


@pytest.fixture
def stranger() -> Iterator[socket.socket]:
    """Something that listens on an address of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0)
        yield listening


@pytest.mark.hazard(
    "libpq's variables lead the embedded server's connections to another one, which is migrated",
    closed="its connection string leaves them nothing (`shared/pooljobs/embedded/server.py`); `PGSERVICE`, which it "
    "cannot keep out, is refused",
    area="database",
)
def test_no_variable_of_libpq_leads_away_from_the_embedded_server(
    project: Project, seed: Path, stranger: socket.socket
) -> None:
    astray = {
        "PGHOSTADDR": "127.0.0.1",
        "PGPORT": str(stranger.getsockname()[1]),
        "PGOPTIONS": "-c no_such_parameter=1",
        "PGTARGETSESSIONATTRS": "standby",
        "PGGSSENCMODE": "require",
        "PGCHANNELBINDING": "require",
    }
    with project.running(seed):
        for arguments in (["enqueue", "thing", "--embedded"], ["embedded", "psql", "-c", "SELECT 1"]):
            ended = project.run(*arguments, env=astray)
            assert ended.code == 0, ended.err
    with pytest.raises(BlockingIOError):
        stranger.accept()
    refused = project.run("stats", "--embedded", env={"PGSERVICE": "shop"})
    assert refused.code == ExitCode.REFUSED
    assert "PGSERVICE is set" in refused.err


def test_the_server_that_libpqs_variables_name_is_used(owner_dsn: str, project: Project) -> None:
    parts = conninfo_to_dict(owner_dsn)
    variables = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGDATABASE": "dbname"}
    env = {name: str(parts[keyword]) for name, keyword in variables.items()}
    ended = project.run("enqueue", "thing", env={**env, **SYSTEMD})
    assert (ended.code, "embedded" in ended.err) == (0, False)
    with psycopg.connect(owner_dsn) as connection:
        assert connection.execute("SELECT job_type FROM pooljobs.jobs").fetchall() == [("thing",)]
    migrated = project.run("migrate", env=env)
    assert "(from PGHOST)" in migrated.out
    assert not project.root.exists()


def test_what_is_named_is_never_taken_for_nothing(project: Project) -> None:
    ended = pooljobs("stats", env={**project.env, **SYSTEMD, "DATABASE_URL": "postgresql://127.0.0.1:1/x"})
    assert ended.code == ExitCode.DATABASE_UNREACHABLE
