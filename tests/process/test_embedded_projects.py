"""Each project has an embedded server of its own, which all that runs in the project finds; whoever uses it says so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pooljobs.exit_codes import ExitCode
from tests.support.command import environment, pooljobs
from tests.support.embedded import REPOSITORY
from tests.support.project import Project

APPLICATION = """
from pooljobs import PoolJobs
app = PoolJobs()
@app.job
def greet() -> None: ...
with app:
    print(greet.enqueue().id)
"""


@pytest.fixture
def share(cold_root: Path) -> Path:
    return cold_root.with_name("share")


def test_projects_have_data_of_their_own_and_each_command_says_which(tmp_path: Path, share: Path, seed: Path) -> None:
    shop, mail = (Project(tmp_path / name, share) for name in ("Größe 数据", "two\nlines"))
    (deep := shop.folder / "a" / "b").mkdir(parents=True)
    with shop.running(seed), mail.running(seed):
        enqueued = shop.run("enqueue", "thing", cwd=deep)
        assert enqueued.code == 0, enqueued.err
        told, unserved = enqueued.err.splitlines()
        assert unserved.startswith("no worker serves the queue 'default'")
        assert told == (
            f"no database is named: using the embedded PostgreSQL in {shop.root}, "
            f"of the project {shop.folder}; for a server of your own set DATABASE_URL or pass --dsn"
        )
        [job] = shop.run("jobs", "list", "--json").json
        assert job["id"] == enqueued.out.strip()
        listed = mail.run("jobs", "list", "--json")
        assert listed.json == []
        [told] = listed.err.splitlines()
        assert f"in {mail.root}, of the project {tmp_path}/two\\nlines;" in told
    assert shop.root != mail.root


def test_an_application_finds_the_data_of_the_commands_and_warns(tmp_path: Path, share: Path, seed: Path) -> None:
    project = Project(tmp_path / "shop", share)
    env = environment({**project.env, "PYTHONPATH": str(REPOSITORY), "DATBASE_URL": "postgresql://me:s3cret@db/shop"})
    with project.running(seed):
        done = subprocess.run(
            [sys.executable, "-c", APPLICATION], cwd=project.folder, env=env, capture_output=True, text=True, check=True
        )
        [job] = project.run("jobs", "list", "--json").json
    [told] = done.stderr.splitlines()
    assert told.startswith("no database is named (DATBASE_URL is set: was that meant?): using the embedded PostgreSQL ")
    assert f"of the project {project.folder};" in told
    assert job["id"] == done.stdout.strip()


def test_who_finds_no_data_any_more_is_told_where_they_are(tmp_path: Path, share: Path, seed: Path) -> None:
    project = Project(tmp_path / "shop", share)
    with project.running(seed):
        assert project.run("enqueue", "thing").code == 0
        moved = Project(project.folder.rename(tmp_path / "store"), share)
        told = moved.run("embedded", "status")
        assert f"data of {project.folder}, which is gone, are in {project.root}" in told.err
        assert not moved.root.exists()
        [job] = moved.run("jobs", "list", "--json", env={"POOLJOBS_DATA_DIR": str(project.root)}).json
    assert job["job_type"] == "thing"


@pytest.mark.parametrize(
    ("name", "told"),
    [("XDG_DATA_HOME", "cannot make /proc/none/pooljobs/projects/"), ("HOME", "cannot make /proc/none/.local/share/")],
)
def test_a_home_that_cannot_be_written_to_is_said(tmp_path: Path, name: str, told: str) -> None:
    ended = pooljobs("stats", env={"POOLJOBS_DATA_DIR": "", "XDG_DATA_HOME": "", name: "/proc/none"}, cwd=tmp_path)
    assert (ended.code, ended.out) == (ExitCode.EMBEDDED, "")
    assert told in ended.err
    assert "POOLJOBS_DATA_DIR" in ended.err


def test_a_working_directory_that_is_gone_is_said(tmp_path: Path, share: Path) -> None:
    script = 'cd "$1" && rmdir "$1" && shift && exec "$@"'
    (gone := tmp_path / "gone").mkdir()
    env = environment({"POOLJOBS_DATA_DIR": "", "XDG_DATA_HOME": str(share), "PYTHONPATH": str(REPOSITORY)})
    command = ["sh", "-c", script, "sh", str(gone), sys.executable, "-m", "pooljobs", "stats"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == ExitCode.EMBEDDED, done.stderr
    assert done.stderr.startswith("error: the working directory is gone")
