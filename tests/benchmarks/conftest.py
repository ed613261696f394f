"""The owner's database: benchmarks make and empty tables."""

from __future__ import annotations

import pytest


@pytest.fixture
def dsn(owner_dsn: str) -> str:
    """DSN of a fresh database with the schema in it, for who owns it."""
    return owner_dsn
