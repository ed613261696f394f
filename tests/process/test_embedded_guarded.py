"""The embedded server is closed to everybody else on its machine, and takes nothing from them."""

from __future__ import annotations

import fcntl
import os
import stat
import sys
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from pooljobs.embedded import acquire, stop_unused
from pooljobs.errors import EmbeddedError
from tests.support.embedded import FAST, EmbeddedUser, ask, postmaster, runs
from tests.support.forking import exit_code_of

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="takes several users")
STRANGER = 12345


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_nobody_else_can_hold_its_locks(embedded_root: Path) -> None:
    locks = [embedded_root / "start.lock", embedded_root / "users.lock"]
    acquire(embedded_root, settings=FAST).close()
    for lock in locks:
        assert mode(lock) == 0o600
        lock.chmod(0o644)  # as it was made once
    acquire(embedded_root, settings=FAST).close()
    assert [mode(lock) for lock in locks] == [0o600, 0o600]


def test_a_lock_that_somebody_holds_ends_the_wait(embedded_root: Path) -> None:
    acquire(embedded_root, settings=FAST).close()
    with (embedded_root / "users.lock").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(EmbeddedError, match="still starting or stopping"):
            acquire(embedded_root, timeout=0.2)
        fcntl.flock(held, fcntl.LOCK_UN)
    acquire(embedded_root, settings=FAST).close()


def test_a_directory_that_everybody_may_write_to_is_refused(cold_root: Path) -> None:
    cold_root.mkdir()
    cold_root.chmod(0o1777)
    with pytest.raises(EmbeddedError, match="everybody may write to") as refused:
        acquire(cold_root)
    assert str(cold_root / "pooljobs") in str(refused.value.hint)
    acquire(cold_root / "pooljobs", settings=FAST).close()


@pytest.mark.hazard("A file, a lock, a pid or a whole directory was laid there by somebody else")
@as_root
def test_a_directory_of_somebody_elses_is_refused(cold_root: Path) -> None:
    cold_root.mkdir(mode=0o755)
    os.chown(cold_root, STRANGER, STRANGER)
    with pytest.raises(EmbeddedError, match="belongs to somebody else, uid 12345"):
        acquire(cold_root)
    assert list(cold_root.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
def test_hardly_anything_of_the_environment_reaches_it(embedded_root: Path) -> None:
    secrets = {
        "AWS_SECRET_ACCESS_KEY": "s3cret",
        "DATABASE_URL": "postgresql://u:s3cret@h/db",
        "PGDATA": "/nowhere",
    }
    with EmbeddedUser(embedded_root, env=secrets):
        found = Path(f"/proc/{postmaster(embedded_root)}/environ").read_bytes()
    names = {variable.partition(b"=")[0].decode() for variable in found.split(b"\0") if variable}
    assert b"s3cret" not in found
    assert names <= {"PATH", "LC_ALL", "TZ", "TZDIR", "LD_LIBRARY_PATH", "PG_GRANDPARENT_PID", "PWD"} | {
        name for name in names if name.startswith("LC_")
    }


@as_root
def test_whoever_gets_at_the_socket_is_still_refused(embedded_root: Path) -> None:
    with acquire(embedded_root, settings=FAST) as server:
        socket = Path(str(conninfo_to_dict(server.dsn)["host"])) / ".s.PGSQL.5432"
        socket.parent.chmod(0o755)
        socket.chmod(0o777)

        def refused() -> bool:
            os.setgid(STRANGER)
            os.setuid(STRANGER)
            try:
                psycopg.connect(server.dsn)
            except psycopg.OperationalError as error:
                return "eer authentication" in str(error) or "local user" in str(error)
            return False

        assert exit_code_of(refused) == 0
        assert ask(server.dsn, "SELECT session_user") == "pooljobs"
        socket.parent.chmod(0o700)


def test_a_server_whose_users_were_killed_can_be_stopped_and_no_other(embedded_root: Path) -> None:
    with EmbeddedUser(embedded_root) as user:
        stop_unused(embedded_root)
        assert runs(embedded_root)
        user.process.kill()
        user.process.wait()
        assert runs(embedded_root)
    stop_unused(embedded_root)
    assert not runs(embedded_root)
    stop_unused(embedded_root)
