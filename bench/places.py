"""Where benchmarks run: on a database of the user's, or on an embedded server of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pooljobs.db.migrate import migrate
from pooljobs.embedded import acquire

ROOT = Path(__file__).parent.parent


@contextmanager
def database(dsn: str | None) -> Iterator[str]:
    """The DSN of a migrated database."""
    if dsn:
        migrate(dsn)
        yield dsn
        return
    root = ROOT / ".pooljobs" / "bench"
    with acquire(root, settings={"shared_buffers": "512MB", "max_wal_size": "4GB"}) as server:
        migrate(server.dsn)
        yield server.dsn
