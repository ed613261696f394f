"""A real PgBouncer in transaction mode before a test's database; the test is skipped where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest

from pooljobs.errors import RefusedError
from pooljobs_cli.chaos.pooler import Pooler, find_pooler, open_pooler
from tests.support.run_directory import run_directory


def program() -> str:
    """Where it is."""
    try:
        return find_pooler()
    except RefusedError as error:
        pytest.skip(f"{error}: {error.hint}")


@contextmanager
def pooled(dsn: str) -> Iterator[Pooler]:
    """Its ``dsn`` leads to the same database."""
    with open_pooler(program(), run_directory() / f"pooler-{uuid4().hex[:8]}", dsn) as pooler:
        yield pooler
