"""Where the embedded server lives: one directory with its data, its log and its locks, and one for its socket.

Every process that names the same root, by whatever spelling, finds the same server.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pooljobs.embedded.account import Account, barrier, give
from pooljobs.errors import EmbeddedError

SYSTEM_ROOT = Path("/var/lib/pooljobs/postgres")
"""For root, whose home the server's unprivileged account may not enter. Those of projects lie beside it."""

SOCKET = ".s.PGSQL.5432"
LONGEST_SOCKET_PATH = 100
"""Bytes. The address of a socket holds 104 on macOS and 108 on Linux."""


@dataclass(frozen=True, slots=True)
class ServerPaths:
    """The files of one embedded server."""

    root: Path

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory: whole or absent."""
        return self.root / "data"

    @property
    def log(self) -> Path:
        """What the server writes."""
        return self.root / "postgres.log"

    @property
    def start_lock(self) -> Path:
        """Held by whoever starts or stops the server."""
        return self.root / "start.lock"

    @property
    def users_lock(self) -> Path:
        """Held, shared, by everybody who uses the server."""
        return self.root / "users.lock"


def prepare_root(root: Path, account: Account | None) -> ServerPaths:
    """Makes the directory, so that the account can enter it, and returns what is in it.

    Raises:
        EmbeddedError: It cannot be made, or lies where the account may not go.
    """
    try:
        root = root.resolve()
        _check_name(str(root))
        if account:
            _open_to(root, account)
        _make(root, 0o755 if account else 0o700)
        _check_owner(root)
    except (OSError, RuntimeError) as error:
        hint = "name a directory for it with POOLJOBS_DATA_DIR, or a server of your own with DATABASE_URL"
        raise EmbeddedError(f"cannot make {root} for the embedded PostgreSQL: {error}", hint=hint) from error
    return ServerPaths(root)


def write_anew(path: Path, text: bytes) -> None:
    """Writes a file that all may read, in a directory of ours, in the place of whatever is there."""
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o644)
        file.write(text)
    part.replace(path)


def socket_directory(layout: ServerPaths, account: Account | None) -> Path:
    """Where the socket goes: into the data directory, unless that path is too long or has a comma.

    Raises:
        EmbeddedError: No place for it was found, or somebody else has it.
    """
    if fits(layout.data):
        return layout.data
    digest = hashlib.sha256(os.fsencode(layout.data)).hexdigest()[:12]
    for temporary in (Path(tempfile.gettempdir()).resolve(), Path("/tmp")):  # noqa: S108  # checked for its owner
        path = temporary / f"pooljobs-{os.geteuid()}-{digest}"
        if fits(path) and not (account and barrier(temporary, account)):
            _make_private(path, account)
            return path
    raise EmbeddedError(f"no place for a socket: {layout.data} is too long", hint="choose a shorter POOLJOBS_DATA_DIR")


def release_sockets(layout: ServerPaths, sockets: Path) -> None:
    """Removes the directory of a server that was stopped, where it is not the data directory."""
    if sockets != layout.data:
        with suppress(OSError):  # the next start uses it again
            sockets.rmdir()


def fits(directory: Path) -> bool:
    """Whether a socket in this directory can be named, to the kernel and to libpq, which splits hosts at commas."""
    path = os.fsencode(directory / SOCKET)
    return len(path) <= LONGEST_SOCKET_PATH and b"," not in path


def _check_name(root: str) -> None:
    if "\n" in root:
        raise EmbeddedError(f"{root!r} has a line break, which PostgreSQL's own files cannot hold")
    try:
        root.encode()
    except UnicodeEncodeError:
        raise EmbeddedError(f"{root!r} is not in UTF-8, which a connection string must be") from None


def _open_to(root: Path, account: Account) -> None:
    wall = barrier(root, account)
    if wall is None:
        return
    if wall == root and _is_ours(root):
        root.chmod(root.stat().st_mode | 0o111)
        return
    raise EmbeddedError(
        f"PostgreSQL refuses to run as root, and the account it runs as instead, {account.name}, may not enter {wall}",
        hint=f"choose a directory that it can reach, for example POOLJOBS_DATA_DIR={SYSTEM_ROOT}",
    )


def _check_owner(root: Path) -> None:
    """What lies in a directory of somebody else's is that person's: locks, links, a pid, a whole server."""
    status = root.stat()
    if status.st_uid not in {os.geteuid(), 0}:
        hint = "name a directory of your own with POOLJOBS_DATA_DIR"
        raise EmbeddedError(f"{root} belongs to somebody else, uid {status.st_uid}", hint=hint)
    if status.st_mode & stat.S_IWOTH:
        hint = f"choose a new directory, for example POOLJOBS_DATA_DIR={root / 'pooljobs'}"
        raise EmbeddedError(f"everybody may write to {root}", hint=hint)


def _is_ours(root: Path) -> bool:
    return (root / "start.lock").exists() or not any(root.iterdir())


def _make(directory: Path, mode: int) -> None:
    """Makes what is missing, whatever the umask; what exists stays as it is."""
    for place in (*reversed(directory.parents), directory):
        try:
            place.mkdir()
        except OSError:
            if place.is_dir():  # it exists, and need not even be on a file system that can be written to
                continue
            raise
        place.chmod(mode)


def _make_private(path: Path, account: Account | None) -> None:
    owner = account.uid if account else os.geteuid()
    try:
        path.mkdir(mode=0o700)
        give(path, account)
    except FileExistsError:
        status = path.lstat()
        if path.is_symlink() or status.st_uid != owner or status.st_mode & 0o077:
            hint = f"remove {path}, or choose a shorter POOLJOBS_DATA_DIR"
            raise EmbeddedError(f"{path} exists and is not private to the server", hint=hint) from None
