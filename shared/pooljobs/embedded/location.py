"""Where the embedded server keeps its data, and where its socket goes."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from platformdirs import user_data_path

LONGEST_SOCKET_PATH = 100
"""Bytes: ``sun_path`` holds 104 on macOS and 108 on Linux, the end mark included."""

SOCKET_FILE = ".s.PGSQL.5432"


def default_root(environ: Mapping[str, str] = os.environ) -> Path:
    """``POOLJOBS_DATA_DIR``, else the user's data directory: the same for every command and application of a user.

    Root's own data directory cannot be entered by the account that PostgreSQL runs as, so root's is in /var/lib.
    """
    if given := environ.get("POOLJOBS_DATA_DIR"):
        return Path(given).absolute()
    if os.geteuid() == 0:
        return Path("/var/lib/pooljobs/postgres")
    return Path(user_data_path("pooljobs", appauthor=False)) / "postgres"


def socket_directory(data: Path) -> Path:
    """The data directory itself, or a short name in the temporary directory where its path does not fit a socket.

    libpq splits a host at commas, so a path with one does not fit either.
    """
    path = os.fsencode(data)
    if len(path) + 1 + len(SOCKET_FILE) < LONGEST_SOCKET_PATH and b"," not in path:
        return data
    digest = hashlib.sha256(path).hexdigest()[:12]
    return Path(tempfile.gettempdir(), f"pooljobs-{os.geteuid()}-{digest}")
