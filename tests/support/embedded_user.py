"""``python -m tests.support.embedded_user ROOT HOW``: uses the embedded server until its standard input ends."""

from __future__ import annotations

import sys
from pathlib import Path

import orjson

from pooljobs.embedded import acquire
from tests.support.embedded import FAST, ask


def main(root: str, how: str) -> None:
    """Acquires, proves by a query that the server serves, says so, waits, and closes or just ends."""
    server = acquire(Path(root), settings=FAST)
    assert ask(server.dsn, "SELECT 1") == 1
    sys.stdout.buffer.write(orjson.dumps([server.dsn, server.started]) + b"\n")
    sys.stdout.flush()
    sys.stdin.read()
    if how == "closes":
        server.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
