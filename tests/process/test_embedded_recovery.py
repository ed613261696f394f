"""Whatever a crash leaves behind, the next start gets past it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from pooljobs.embedded import EmbeddedServer, acquire
from pooljobs.embedded.account import give, server_account, spawn_options
from pooljobs.embedded.pidfile import read
from tests.support.embedded import FAST, EmbeddedUser, ask, postmaster, runs
from tests.support.waiting import wait_until


def kill(root: Path) -> int:
    """Kills the server as the kernel would; its pid, which stays in its pid file."""
    pid = postmaster(root)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not runs(root), what="the server to be dead")
    return pid


@contextmanager
def killed_by_its_user(root: Path) -> Iterator[int]:
    """A root whose server was killed while somebody used it, who is gone as well, so that it is no zombie."""
    with EmbeddedUser(root) as user:
        pid = kill(root)
        user.process.kill()
        user.process.wait()
    yield pid


def works(server: EmbeddedServer) -> bool:
    """Whether it was started and answers."""
    return server.started and ask(server.dsn, "SELECT 1") == 1


def test_after_a_kill_9_of_the_server_the_next_start_has_all_that_was_committed(embedded_root: Path) -> None:
    with EmbeddedUser(embedded_root) as user:
        with psycopg.connect(user.dsn) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS value")
        kill(embedded_root)
        with acquire(embedded_root) as server:
            assert works(server)
            assert ask(server.dsn, "SELECT value FROM kept") == 42


def test_a_server_whose_process_is_out_of_sight_is_known_by_its_answer(embedded_root: Path) -> None:
    with acquire(embedded_root, settings=FAST):
        pidfile = embedded_root / "data" / "postmaster.pid"
        told = pidfile.read_text()
        pidfile.write_text(told.replace(told.splitlines()[0], "4194305", 1))  # above any pid: as from a container
        try:
            with acquire(embedded_root) as second:
                assert not second.started
                assert ask(second.dsn, "SELECT 1") == 1
        finally:
            pidfile.write_text(told)
    assert not runs(embedded_root)


def test_sessions_of_a_killed_server_are_waited_for(embedded_root: Path) -> None:
    with acquire(embedded_root, settings=FAST) as first, psycopg.connect(first.dsn) as connection:
        os.kill(connection.info.backend_pid, signal.SIGSTOP)  # it cannot notice that its postmaster dies
        try:
            kill(embedded_root)
            second = EmbeddedUser(embedded_root)
            log = embedded_root / "postgres.log"
            wait_until(lambda: "is still in use" in log.read_text(), what="the second server to be refused")
        finally:
            os.kill(connection.info.backend_pid, signal.SIGCONT)
        with second:
            assert second.started


def test_the_zombie_of_a_killed_server_is_no_server(embedded_root: Path) -> None:
    first = acquire(embedded_root, settings=FAST)
    pid = kill(embedded_root)
    wait_until(  # of its end: its parent, we, do not ask for its exit code
        lambda: Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z", what="the zombie"
    )
    with acquire(embedded_root) as second:
        assert works(second)
        first.close()
        assert ask(second.dsn, "SELECT 1") == 1
    assert not runs(embedded_root)


def test_the_one_whose_server_was_killed_stops_the_one_that_followed(embedded_root: Path) -> None:
    with acquire(embedded_root, settings=FAST):
        kill(embedded_root)
        with EmbeddedUser(embedded_root) as other:
            assert other.started
            assert other.leave() == 0
        assert runs(embedded_root)
    assert not runs(embedded_root)


def test_a_stranger_with_the_pid_of_a_killed_server_is_no_server(embedded_root: Path) -> None:
    with killed_by_its_user(embedded_root) as pid:
        account = server_account(embedded_root / "data")
        with subprocess.Popen(["sleep", "1000"], cwd="/", **spawn_options(account)) as stranger:
            try:
                for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
                    file = embedded_root / "data" / name
                    file.write_text(file.read_text().replace(str(pid), str(stranger.pid), 1))
                with acquire(embedded_root) as server:
                    assert works(server)
                assert stranger.poll() is None  # nor was it signalled
            finally:
                stranger.kill()


def test_another_clusters_server_with_the_pid_of_a_killed_one_is_left_alone(embedded_root: Path) -> None:
    elsewhere = embedded_root.with_name("elsewhere")
    with acquire(elsewhere, settings=FAST) as stranger, killed_by_its_user(embedded_root) as pid:
        for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
            file = embedded_root / "data" / name
            file.write_text(file.read_text().replace(str(pid), str(postmaster(elsewhere)), 1))
        with acquire(embedded_root) as server:
            assert works(server)
        assert ask(stranger.dsn, "SELECT 1") == 1


@pytest.mark.parametrize("name", ["postmaster.pid", ".s.PGSQL.5432.lock"])
def test_a_lock_file_that_a_crash_left_empty_is_removed(embedded_root: Path, name: str) -> None:
    with killed_by_its_user(embedded_root):
        (embedded_root / "data" / name).write_bytes(b"")
        with acquire(embedded_root) as server:
            assert works(server)


def test_an_initdb_that_was_cut_short_is_done_again(cold_root: Path) -> None:
    part = cold_root / "initdb.part.crashed"
    part.mkdir(parents=True)
    (part / "PG_VERSION").write_text("18\n")
    with acquire(cold_root, settings=FAST) as server:
        assert works(server)
    assert not part.exists()


def test_an_empty_data_directory_is_filled(cold_root: Path) -> None:
    data = cold_root / "data"
    data.mkdir(parents=True)
    give(data, server_account(data))
    with acquire(cold_root, settings=FAST) as server:
        assert works(server)


def test_a_start_that_fails_leaves_no_server_and_no_user(embedded_root: Path) -> None:
    with pytest.raises(Exception, match="did not start"):
        acquire(embedded_root, settings={"shared_buffers": "not a size"})
    assert read(embedded_root / "data") is None
    with acquire(embedded_root, settings=FAST) as server:
        assert works(server)
    assert not runs(embedded_root)
