"""The account that the server runs as. PostgreSQL refuses to run as root: then an unprivileged one is taken."""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pooljobs.errors import EmbeddedError


@dataclass(frozen=True, slots=True)
class Account:
    """Whom the server's processes and files belong to."""

    name: str
    uid: int
    gid: int


def server_account(data: Path | None = None) -> Account | None:
    """The account to switch to, or None where the server runs as the present user.

    The owner of a data directory that exists already comes first, then POOLJOBS_PG_USER, ``postgres`` and ``nobody``.

    Raises:
        EmbeddedError: We are root and none of these accounts exists.
    """
    if os.geteuid() != 0:
        return None
    owner = _owner(data) if data else None
    return owner or _named(os.environ.get("POOLJOBS_PG_USER"), "postgres", "nobody")


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
        status = data.stat()
    except OSError:
        return None
    return Account(f"uid {status.st_uid}", status.st_uid, status.st_gid) if status.st_uid else None


def _named(*names: str | None) -> Account:
    for name in filter(None, names):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid:
            return Account(name, entry.pw_uid, entry.pw_gid)
    raise EmbeddedError(
        "PostgreSQL refuses to run as root, and there is no unprivileged account to run it as",
        hint="set POOLJOBS_PG_USER to an account that may run it",
    )
