"""Users of an embedded server: processes that acquire it, hold it as long as a test likes, and let go."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import orjson
import psycopg

from pooljobs.embedded.pidfile import read
from pooljobs.embedded.postmaster import is_server
from tests.support.run_directory import remove, run_directory

REPOSITORY = Path(__file__).parent.parent.parent
FAST = {"fsync": "off", "shared_buffers": "1MB"}


@contextmanager
def fresh_root() -> Iterator[Path]:
    """A directory name of a test's own, whose parent the server's account may enter."""
    parent = run_directory() / uuid4().hex[:8]
    parent.mkdir(mode=0o755)
    try:
        yield parent / "root"
    finally:
        remove(parent)


def postmaster(root: Path) -> int:
    """The pid of the server that runs there."""
    file = read(root.resolve() / "data")
    assert file is not None, f"no server runs in {root}"
    assert is_server(file.pid, root.resolve() / "data"), f"the server of {root} is dead"
    return file.pid


def runs(root: Path) -> bool:
    """Whether a server runs there."""
    file = read(root.resolve() / "data")
    return file is not None and is_server(file.pid, root.resolve() / "data")


def ask(dsn: str, query: str) -> Any:
    """The one value of a query."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


class EmbeddedUser:
    """A process that uses the server of a root. Entering starts it, leaving kills it if it is still there."""

    def __init__(self, root: Path, *, env: Mapping[str, str | None] | None = None, closes: bool = True) -> None:
        environ = {**os.environ, **(env or {}), "PYTHONPATH": str(REPOSITORY)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.embedded_user", str(root), "closes" if closes else "just ends"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={name: value for name, value in environ.items() if value is not None},
            cwd=REPOSITORY,
            start_new_session=True,
        )
        self.dsn = ""
        self.started = False

    def ready(self) -> Self:
        """Waits until it has the server."""
        assert self.process.stdout is not None
        told = self.process.stdout.readline()
        assert told, f"the user ended with exit code {self.process.wait()}"
        self.dsn, self.started = orjson.loads(told)
        return self

    def leave(self) -> int:
        """Lets it go; its exit code."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(60)

    def __enter__(self) -> Self:
        return self.ready()

    def __exit__(self, _t: type[BaseException] | None, _e: BaseException | None, _tb: TracebackType | None) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()
