"""A Redis of its own for the peers that need one, durable as its documentation recommends. Used by the harness.

``appendonly yes`` and ``appendfsync everysec``: each write goes to the append-only file at once, and that to the disk
once a second. A crash of the machine may lose the last second, which PostgreSQL as it is measured here would not.
Snapshots are off: beside the append-only file they only cost time.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DURABILITY = "appendonly yes, appendfsync everysec, no snapshots"
"""For the report."""

START_TIMEOUT = 30.0
"""Seconds for the server to answer."""


class RedisMissingError(Exception):
    """There is no ``redis-server`` on this machine, or it does not start."""


def find_redis() -> str:
    """The program.

    Raises:
        RedisMissingError: None is on PATH.
    """
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    raise RedisMissingError("no redis-server on PATH; on Debian and Ubuntu: apt-get install redis-server")


def redis_version() -> str:
    """What the program says of itself, for the report."""
    text = subprocess.run([find_redis(), "--version"], check=True, capture_output=True, text=True).stdout
    return next((word.removeprefix("v=") for word in text.split() if word.startswith("v=")), text.strip())


@contextmanager
def redis_server(directory: Path) -> Iterator[str]:
    """An empty server that keeps its files in ``directory``, and is gone at the end: its URL.

    Raises:
        RedisMissingError: There is no program, or it does not start.
    """
    program = find_redis()
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    port = _free_port()
    options = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(directory.resolve()), "--save", ""]
    options += ["--appendonly", "yes", "--appendfsync", "everysec", "--logfile", "redis.log"]
    process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
    try:
        _await(process, port, directory / "redis.log")
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(directory, ignore_errors=True)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert isinstance(port, int)
        return port


def _await(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while not _answers(port):
        if process.poll() is not None or time.monotonic() > deadline:
            said = log.read_text() if log.exists() else ""
            raise RedisMissingError(f"redis-server does not start on port {port}: {said.strip()[-500:]}")
        time.sleep(0.02)


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1.0) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False
