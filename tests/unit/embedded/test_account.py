from __future__ import annotations

import os
import pwd
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from pooljobs.embedded import account
from pooljobs.embedded.account import OWN, Account, barrier, may_enter, server_account, spawn_options
from pooljobs.errors import EmbeddedError

SOMEBODY = Account("somebody", 1001, 2002)


def status(mode: int, uid: int, gid: int) -> os.stat_result:
    return os.stat_result((0o040000 | mode, 0, 0, 0, uid, gid, 0, 0, 0, 0))


@pytest.mark.parametrize(
    ("mode", "uid", "gid", "enters"),
    [
        (0o700, 1001, 0, True),
        (0o077, 1001, 2002, False),  # the owner's bits count for the owner, whatever the others may
        (0o710, 0, 2002, True),
        (0o701, 0, 2002, False),
        (0o701, 0, 0, True),
        (0o766, 0, 0, False),
    ],
)
def test_the_bits_of_the_nearest_class_decide(mode: int, uid: int, gid: int, enters: bool) -> None:
    assert may_enter(status(mode, uid, gid), SOMEBODY) is enters


def test_the_outermost_barrier_is_named_and_what_is_missing_is_none(tmp_path: Path) -> None:
    me = Account("me", os.geteuid(), os.getegid())
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert barrier(tmp_path / "a" / "b", me) is None
    assert barrier(tmp_path / "not" / "there", me) is None
    (tmp_path / "a" / "b").chmod(0o600)
    assert barrier(tmp_path / "a" / "b", me) == tmp_path / "a" / "b"
    if os.geteuid() == 0:
        (tmp_path / "a").chmod(0o600)
        assert barrier(tmp_path / "a" / "b", me) == tmp_path / "a"


def test_only_root_switches_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1001)
    assert server_account() is None
    assert spawn_options(None) == {}


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """We are root, on a machine with these accounts; none can be made, for want of a program."""
    known = {"root": 0, "nobody": 65534, "postgres": 26}

    def getpwnam(name: str) -> pwd.struct_passwd:
        return pwd.struct_passwd((name, "x", known[name], known[name], "", "/", "/bin/sh"))

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(pwd, "getpwnam", getpwnam)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("POOLJOBS_PG_USER", raising=False)
    return known


def test_root_takes_an_account_that_is_the_servers_own(root: dict[str, int]) -> None:
    with pytest.raises(EmbeddedError, match=f"{OWN}, cannot be made") as caught:
        server_account()
    assert "POOLJOBS_PG_USER" in str(caught.value.hint)
    root[OWN] = 999
    assert server_account() == Account(OWN, 999, 999)
    assert spawn_options(server_account()) == {"user": 999, "group": 999, "extra_groups": []}


def test_one_that_another_process_is_making_is_waited_for(
    root: dict[str, int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tool = tmp_path / "useradd"
    tool.write_text(f"#!/bin/sh\n: >>{tmp_path}/tried; exit 1\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")

    def made_meanwhile(_seconds: float) -> None:
        assert (tmp_path / "tried").exists()
        root[OWN] = 999

    monkeypatch.setattr(account, "time", SimpleNamespace(monotonic=time.monotonic, sleep=made_meanwhile))
    assert server_account() == Account(OWN, 999, 999)


@pytest.mark.parametrize(("name", "why"), [("root", "is root"), ("nobody", "is shared"), ("none", "cannot be made")])
def test_an_account_that_was_named_is_taken_or_refused(
    root: dict[str, int], monkeypatch: pytest.MonkeyPatch, name: str, why: str
) -> None:
    root[OWN] = 999
    monkeypatch.setenv("POOLJOBS_PG_USER", "postgres")
    assert server_account() == Account("postgres", 26, 26)
    monkeypatch.setenv("POOLJOBS_PG_USER", name)
    with pytest.raises(EmbeddedError, match=why):
        server_account()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_the_owner_of_existing_data_comes_first(tmp_path: Path) -> None:
    os.chown(tmp_path, 1234, 5678)
    assert server_account(tmp_path) == Account("uid 1234", 1234, 5678)
    os.chown(tmp_path, pwd.getpwnam("nobody").pw_uid, 5678)
    with pytest.raises(EmbeddedError, match="others share"):
        server_account(tmp_path)
    link = tmp_path.with_name("link")
    link.symlink_to(tmp_path)
    assert server_account(link) == server_account()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make accounts")
def test_the_account_is_made_and_can_do_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POOLJOBS_PG_USER", raising=False)
    made = server_account()
    assert made is not None
    entry = pwd.getpwnam(OWN)
    assert (made.name, made.uid) == (OWN, entry.pw_uid)
    assert entry.pw_shell.endswith("nologin")
    assert not Path(entry.pw_dir).exists()
