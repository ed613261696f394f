from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from pooljobs.embedded.account import Account, barrier, may_enter, server_account, spawn_options
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


def test_root_takes_the_named_account_and_never_root_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"root": 0, "nobody": 65534}

    def getpwnam(name: str) -> pwd.struct_passwd:
        return pwd.struct_passwd((name, "x", known[name], known[name], "", "/", "/bin/sh"))

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(pwd, "getpwnam", getpwnam)
    monkeypatch.setenv("POOLJOBS_PG_USER", "root")
    assert server_account() == Account("nobody", 65534, 65534)
    assert spawn_options(server_account()) == {"user": 65534, "group": 65534, "extra_groups": []}
    known["daemon"] = 1
    monkeypatch.setenv("POOLJOBS_PG_USER", "daemon")
    assert server_account() == Account("daemon", 1, 1)
    monkeypatch.delenv("POOLJOBS_PG_USER")
    del known["nobody"]
    with pytest.raises(EmbeddedError, match="no unprivileged account") as caught:
        server_account()
    assert caught.value.hint == "set POOLJOBS_PG_USER to an account that may run it"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_the_owner_of_existing_data_comes_first(tmp_path: Path) -> None:
    os.chown(tmp_path, 1234, 5678)
    assert server_account(tmp_path) == Account("uid 1234", 1234, 5678)
