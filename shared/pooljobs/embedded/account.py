"""The account that the server runs as. PostgreSQL refuses to run as root: then an unprivileged one is taken."""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pooljobs.errors import EmbeddedError

OWN = "pooljobs-postgres"
"""The account that root's server gets."""

SHARED = "nobody"

LONGEST = 30.0
"""Seconds that making the account may take."""

PATIENCE, PAUSE = 5.0, 0.1
"""Seconds: for how long it is tried while another process holds the lock of the accounts, and between two tries."""

_BUSY = {1, 9, 10}
"""Exit codes of ``useradd``: the files cannot be had now, or another process was faster."""

_MAKE = (
    *("useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"),
    *("--shell", "/usr/sbin/nologin", "--comment", "embedded PostgreSQL of pooljobs", OWN),
)


@dataclass(frozen=True, slots=True)
class Account:
    """Whom the server's processes and files belong to."""

    name: str
    uid: int
    gid: int


def server_account(data: Path | None = None) -> Account | None:
    """The account to switch to, or None where the server runs as the present user.

    The owner of a data directory that exists already comes first, then POOLJOBS_PG_USER, then an account of its own,
    which is made: what other programs run as, ``postgres`` or ``nobody``, could read and change all that is here.

    Raises:
        EmbeddedError: We are root, and the account cannot be had, or is shared.
    """
    if os.geteuid() != 0:
        return None
    if data and (owner := _owner(data)):
        return owner
    named = os.environ.get("POOLJOBS_PG_USER")
    return _checked(_entry(named), named) if named else _own()


def require_name(account: Account | None) -> None:
    """PostgreSQL's programs look up who runs them, and do not run for a uid that has no name, as in some containers.

    Raises:
        EmbeddedError: It has none.
    """
    uid = account.uid if account else os.geteuid()
    try:
        pwd.getpwuid(uid)
    except KeyError:
        hint = "give the uid an account (useradd), or name a server of your own with DATABASE_URL"
        raise EmbeddedError(f"uid {uid} has no account, without which PostgreSQL does not run", hint=hint) from None


def spawn_options(account: Account | None) -> dict[str, Any]:
    """Keyword arguments that make ``subprocess`` start a program as this account."""
    return {"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}


def give(path: Path, account: Account | None) -> None:
    """Makes the account the owner of a file or directory of ours."""
    if account:
        os.chown(path, account.uid, account.gid, follow_symlinks=False)


def may_enter(status: os.stat_result, account: Account) -> bool:
    """Whether the account may pass through a directory, by its mode."""
    if status.st_uid == account.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == account.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def barrier(directory: Path, account: Account) -> Path | None:
    """The outermost directory on the way that the account may not enter. What does not exist yet is no barrier."""
    for place in (*reversed(directory.parents), directory):
        try:
            status = place.stat()
        except FileNotFoundError:
            return None
        if not may_enter(status, account):
            return place
    return None


def _owner(data: Path) -> Account | None:
    try:
        status = data.lstat()
    except OSError:
        return None
    if not status.st_uid or not stat.S_ISDIR(status.st_mode):
        return None
    shared = _entry(SHARED)
    if shared and status.st_uid == shared.pw_uid:
        hint = f"move it away, or give it to an account that no other program has: chown -R {OWN} {data}"
        raise EmbeddedError(f"{data} belongs to {SHARED}, an account that others share", hint=hint)
    return Account(f"uid {status.st_uid}", status.st_uid, status.st_gid)


def _own() -> Account:
    deadline = time.monotonic() + PATIENCE
    while (entry := _entry(OWN)) is None and _make() in _BUSY and time.monotonic() < deadline:
        time.sleep(PAUSE)  # somebody else may be making it just now
    return _checked(entry or _entry(OWN), OWN)


def _make() -> int | None:
    """The exit code of ``useradd``; None where it cannot be run, or does not end."""
    try:
        done = subprocess.run(_MAKE, check=False, capture_output=True, stdin=subprocess.DEVNULL, timeout=LONGEST)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.returncode


def _entry(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _checked(entry: pwd.struct_passwd | None, name: str) -> Account:
    if entry is None or entry.pw_uid == 0 or name == SHARED:
        why = "is shared with others" if name == SHARED else "is root" if entry else "cannot be made"
        raise EmbeddedError(
            f"PostgreSQL refuses to run as root, and the account to run it as, {name}, {why}",
            hint="set POOLJOBS_PG_USER to an account that may run it, and that no other program has",
        )
    return Account(name, entry.pw_uid, entry.pw_gid)
