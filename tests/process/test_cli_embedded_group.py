"""``pooljobs embedded``: what is told of a server, how one is ended, and what keeps its data from being removed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from pooljobs.embedded import acquire
from pooljobs.exit_codes import ExitCode
from tests.support.command import Ended, environment, pooljobs
from tests.support.embedded import FAST, EmbeddedUser, runs
from tests.support.waiting import wait_until


@pytest.fixture
def user(embedded_root: Path) -> Iterator[EmbeddedUser]:
    """A process that uses the server."""
    with EmbeddedUser(embedded_root) as user:
        yield user


def embedded(root: Path, *arguments: str, env: dict[str, str] | None = None) -> Ended:
    return pooljobs("embedded", *arguments, env={"POOLJOBS_DATA_DIR": str(root), **(env or {})})


def on_a_terminal(root: Path, answer: str) -> Ended:
    """``reset`` in front of somebody who types an answer once he is asked."""
    ours, theirs = os.openpty()
    env = environment({"POOLJOBS_DATA_DIR": str(root)})
    command = [sys.executable, "-m", "pooljobs", "embedded", "reset"]
    process = subprocess.Popen(
        command, env=env, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    os.write(ours, f"{answer}\n".encode())
    out, err = process.communicate(timeout=120)
    os.close(ours)
    os.close(theirs)
    return Ended(process.returncode, out, err)


def test_of_a_running_server_everything_is_told(user: EmbeddedUser, embedded_root: Path) -> None:
    with psycopg.connect(user.dsn, application_name="somebody's client") as connection:
        told = embedded(embedded_root, "status", "--json")
        status = told.json
        assert (told.code, told.err) == (0, "")
        assert status["project"] is None
        assert status["data_directory"] == str(embedded_root)
        assert status["version"] == connection.info.parameter_status("server_version")
        assert status["size_bytes"] > 1 << 20
        assert status["running"]
        assert status["pid"] != user.process.pid
        assert [session["name"] for session in status["sessions"]] == ["somebody's client"]
        if sys.platform == "linux":
            assert [each["pid"] for each in status["users"]] == [user.process.pid]
            assert status["users"][0]["command"].startswith(sys.executable[:40])
        sheet = embedded(embedded_root, "status").out
        for value in (embedded_root, status["version"], f"pid {status['pid']}", status["url"], "somebody's client"):
            assert str(value) in sheet
    with psycopg.connect(status["url"]) as connection:
        assert connection.execute("SHOW data_directory").fetchone() == (f"{embedded_root}/data",)


def test_of_one_that_is_not_there_it_is_told_and_nothing_is_made(cold_root: Path, embedded_root: Path) -> None:
    nowhere = cold_root.with_name("nowhere")
    for command in ("status", "stop", "reset"):
        assert embedded(nowhere, command).code == 0
    assert not nowhere.exists()
    status = embedded(embedded_root, "status", "--json").json
    assert (status["running"], status["pid"], status["url"]) == (False, None, None)
    assert status["version"] == (embedded_root / "data" / "PG_VERSION").read_text().strip()
    assert not runs(embedded_root)


@pytest.mark.hazard(
    "Data are removed under somebody who uses them, or half of them are left",
    closed="alone with the locks, after looking who is connected, and by a rename "
    "(`shared/pooljobs/embedded/ending.py`)",
    area="database",
)
def test_who_uses_it_keeps_it_and_is_named(user: EmbeddedUser, embedded_root: Path) -> None:
    for arguments in (["stop"], ["reset", "--yes"]):
        refused = embedded(embedded_root, *arguments)
        assert (refused.code, refused.out) == (ExitCode.IN_USE, "")
        assert f"uses the embedded PostgreSQL in {embedded_root}" in refused.err
        if sys.platform == "linux":
            assert f"pid {user.process.pid} (" in refused.err
    assert runs(embedded_root)


def test_one_whose_users_were_killed_is_stopped(user: EmbeddedUser, embedded_root: Path) -> None:
    user.process.kill()
    user.process.wait()
    with psycopg.connect(user.dsn, application_name="left") as connection:
        refused = embedded(embedded_root, "reset", "--yes")
        assert refused.code == ExitCode.IN_USE
        assert "left is connected" in refused.err
        connection.close()
    stopped = embedded(embedded_root, "stop")
    assert stopped.code == 0, stopped.err
    assert "is stopped" in stopped.out
    assert not runs(embedded_root)
    assert (embedded_root / "data").is_dir()
    assert "does not run" in embedded(embedded_root, "stop").out


def test_data_are_removed_once_somebody_has_said_yes(user: EmbeddedUser, embedded_root: Path) -> None:
    user.process.kill()
    user.process.wait()
    for refused in (embedded(embedded_root, "reset"), on_a_terminal(embedded_root, "n")):
        assert (refused.code, refused.out) == (ExitCode.REFUSED, "")
        assert str(embedded_root) in refused.err
        assert runs(embedded_root)
    removed = on_a_terminal(embedded_root, "y")
    assert (removed.code, "is empty now" in removed.out) == (0, True), removed.err
    assert not runs(embedded_root)
    assert {path.name for path in embedded_root.iterdir()}.isdisjoint({"data", "postgres.log"})
    with acquire(embedded_root, settings=FAST) as server:
        assert server.started


def test_data_of_another_version_are_removed_too(embedded_root: Path) -> None:
    (embedded_root / "data" / "PG_VERSION").write_text("99\n")
    told = pooljobs("stats", env={"POOLJOBS_DATA_DIR": str(embedded_root)})
    assert told.code == ExitCode.EMBEDDED
    assert f"POOLJOBS_DATA_DIR={embedded_root} pooljobs embedded reset" in told.err
    assert embedded(embedded_root, "status", "--json").json["version"] == "99"
    assert embedded(embedded_root, "reset", "--yes").code == 0
    assert not (embedded_root / "data").exists()


def test_what_is_none_of_postgresqls_data_is_left_alone(cold_root: Path) -> None:
    (cold_root / "data").mkdir(parents=True)
    (cold_root / "data" / "diary.txt").touch()
    refused = embedded(cold_root, "reset", "--yes")
    assert refused.code == ExitCode.EMBEDDED
    assert "is not a PostgreSQL data directory" in refused.err
    assert (cold_root / "data" / "diary.txt").exists()


def test_psql_is_opened_with_all_its_options_and_its_exit_code_is_ours(embedded_root: Path) -> None:
    with acquire(embedded_root, settings=FAST):
        asked = embedded(embedded_root, "psql", "-X", "-A", "-t", "-c", "SELECT count(*) FROM pooljobs.jobs")
        assert (asked.code, asked.out) == (0, "0\n"), asked.err
        assert str(embedded_root) in asked.err
        assert embedded(embedded_root, "psql", "-v", "ON_ERROR_STOP=1", "-c", "SELECT no_such_column").code == 1


def test_without_psql_it_says_what_to_do(embedded_root: Path, reachable_bindir: Path, tmp_path: Path) -> None:
    for program in ("initdb", "postgres"):
        (tmp_path / program).symlink_to(reachable_bindir / program)
    env = {"POOLJOBS_PG_BINDIR": str(tmp_path), "PATH": "/nowhere"}
    refused = embedded(embedded_root, "psql", env=env)
    assert refused.code == ExitCode.EMBEDDED
    assert refused.err.startswith(f"error: there is no psql, neither in {tmp_path} nor in the PATH")
    assert "pooljobs embedded status" in refused.err


@pytest.mark.hazard("Data are removed under somebody who uses them, or half of them are left")
def test_a_command_that_begins_while_data_are_removed_waits_and_finds_new_ones(embedded_root: Path) -> None:
    """Whoever is first, neither meets half of a data directory."""
    command = [sys.executable, "-m", "pooljobs", "embedded", "reset", "--yes"]
    env = environment({"POOLJOBS_DATA_DIR": str(embedded_root)})
    before = (embedded_root / "data").stat().st_ino
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: process.poll() is not None or not (embedded_root / "data").exists(), what="the removal")
    with acquire(embedded_root, settings=FAST) as server:
        assert server.started
        assert (embedded_root / "data").stat().st_ino != before
        assert process.wait(60) == 0
