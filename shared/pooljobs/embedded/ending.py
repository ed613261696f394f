"""Ends a server that nobody uses, and removes its data: for who asks for it, whoever started it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psycopg

from pooljobs.embedded.account import server_account
from pooljobs.embedded.cluster import PREFIX
from pooljobs.embedded.holders import holders
from pooljobs.embedded.location import ServerPaths, release_sockets
from pooljobs.embedded.programs import data_version
from pooljobs.embedded.server import Server, adopt, stop
from pooljobs.embedded.sessions import sessions
from pooljobs.embedded.users import User, alone
from pooljobs.errors import EmbeddedError, EmbeddedInUseError

PATIENCE: Final = 60.0
"""Seconds to wait for somebody who is starting or stopping the server."""


def stop_unused(root: Path) -> bool:
    """Stop the server of a directory whose users have all been killed; whether one ran that nobody uses.

    Raises:
        EmbeddedError: It would not stop.
    """
    try:
        return stop_server(root)
    except EmbeddedInUseError:
        return False


def stop_server(root: Path) -> bool:
    """Stop the server of a directory, with the sessions of those who only connected; whether one ran.

    Raises:
        EmbeddedInUseError: A process uses it.
        EmbeddedError: It would not stop, or the directory is not ours.
    """
    with _sole_use(root) as layout:
        return layout is not None and _stop(layout) is not None


def remove_data(root: Path, agree: Callable[[], None]) -> bool:
    """Stop the server of a directory, and remove its data, of whatever version they are; whether there were any.

    ``agree`` is called in between, when nothing stands against it, and raises where the answer is no.

    Raises:
        EmbeddedInUseError: A process uses it, or somebody is connected.
        EmbeddedError: It would not stop, or the directory is not ours.
    """
    with _sole_use(root) as layout:
        if layout is None or not _removable(layout):
            return False
    agree()
    with _sole_use(root) as layout:  # not held while somebody thinks about it
        if layout is not None and _removable(layout):
            _stop(layout)
            _remove(layout)
    return True


def _removable(layout: ServerPaths) -> bool:
    if data_version(layout.data) is None:
        return False
    server = adopt(layout.data, time.monotonic() + PATIENCE)
    if server and (who := _connected(server)):
        told = f"{', '.join(who)} {'is' if len(who) == 1 else 'are'} connected"
        raise EmbeddedInUseError(f"{told} to the embedded PostgreSQL in {layout.root}", hint="end that first")
    return True


def _remove(layout: ServerPaths) -> None:
    part = layout.root / f"{PREFIX}removed"  # the data are whole or absent: the next start removes what is left of it
    shutil.rmtree(part, ignore_errors=True)
    layout.data.rename(part)
    shutil.rmtree(part)
    layout.log.unlink(missing_ok=True)


@contextmanager
def _sole_use(root: Path) -> Iterator[ServerPaths | None]:
    """Nobody else starts, uses or stops the server meanwhile. None where there are no data."""
    layout, deadline = ServerPaths(root.resolve()), time.monotonic() + PATIENCE
    if not layout.data.exists():
        yield None
        return
    account = server_account(layout.data)
    try:
        with alone(layout.start_lock, deadline, account):
            user = User(layout.users_lock, deadline, account)
            try:
                if not user.is_last():
                    raise _in_use(layout)
                yield layout
            finally:
                user.leave()
    except OSError as error:
        raise EmbeddedError(f"cannot end the embedded PostgreSQL in {layout.root}: {error}", hint=_WHOSE) from error


_WHOSE = "its directory has to be yours"


def _in_use(layout: ServerPaths) -> EmbeddedInUseError:
    who = [str(holder) for holder in holders(layout.users_lock)]
    told = ", ".join(who) or "another process"
    hint = "end that first: the last one to leave stops the server"
    return EmbeddedInUseError(f"{told} uses the embedded PostgreSQL in {layout.root}", hint=hint)


def _stop(layout: ServerPaths) -> Server | None:
    if server := adopt(layout.data, time.monotonic() + PATIENCE):
        stop(server, layout.data)
        release_sockets(layout, server.sockets)
    return server


def _connected(server: Server) -> list[str]:
    try:
        return [str(session) for session in sessions(server)]
    except psycopg.Error:  # it cannot be asked: then it is stopped
        return []
