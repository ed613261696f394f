"""A fleet for a benchmark: ``pooljobs serve`` in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

ROOT = Path(__file__).parent.parent


@contextmanager
def serving(dsn: str, *options: str, app: str = "bench.noop:app") -> Iterator[psutil.Process]:
    """Its supervisor, started just now; drained and gone at the end."""
    command = [sys.executable, "-m", "pooljobs", "serve", "--app", app, "--dsn", dsn, "--log-level", "error"]
    process = subprocess.Popen([*command, *options], cwd=ROOT)
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(60)
