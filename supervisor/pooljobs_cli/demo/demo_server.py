"""Where the demo works: an embedded server of its own, kept between runs, or the server it is given."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pooljobs.db.database import Database, open_database
from pooljobs.errors import EmbeddedError

if TYPE_CHECKING:
    from pooljobs.embedded import EmbeddedServer


@dataclass(frozen=True, slots=True)
class DemoServer:
    """A database, and a file for the workers' log."""

    database: Database
    log: Path


@contextmanager
def open_place(dsn: str | None) -> Iterator[DemoServer]:
    """The given server, or the demo's own.

    Raises:
        OptionError: ``dsn`` is not a connection string.
        EmbeddedError: The embedded server is not installed or did not start.
    """
    folder = working_folder()
    log = (folder or Path(tempfile.mkdtemp(prefix="pooljobs-demo-"))) / "demo.log"
    if dsn:
        with open_database(dsn) as database:
            yield DemoServer(database, log)
        return
    with _start(folder) as server:
        yield DemoServer(Database(server.dsn, "embedded", data_directory=server.root), log)


def working_folder() -> Path | None:
    """``.pooljobs`` in the working directory, made if need be; None where it cannot be ours alone.

    In a directory that others write to, somebody may have made it, and laid whatever he likes in it.
    """
    folder = Path.cwd() / ".pooljobs"
    try:
        folder.mkdir(mode=0o755, exist_ok=True)
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
            return None
        folder.chmod(status.st_mode & ~0o022)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK | os.X_OK) else None


def _start(folder: Path | None) -> EmbeddedServer:
    """The server in the working directory; where its account cannot enter that, in a place that suits it."""
    from pooljobs.embedded import acquire, default_root  # not needed, nor perhaps installed, where a DSN was given

    if folder is not None:
        with suppress(EmbeddedError):  # told below, if it is no matter of the place
            return acquire(folder / "demo")
    return acquire(default_root().with_name("demo"))
