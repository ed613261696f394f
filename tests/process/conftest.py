"""Fleets of these tests run as a role with what a worker needs (``Serving``); what a test looks at is the owner's."""

from __future__ import annotations

import pytest


@pytest.fixture
def dsn(owner_dsn: str) -> str:
    """DSN of a fresh database with the schema in it, for who owns it."""
    return owner_dsn
