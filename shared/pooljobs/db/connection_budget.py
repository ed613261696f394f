"""How many database connections a fleet takes. Pure; checked before the start by ``schema/preflight.py``."""

from __future__ import annotations

from pooljobs.settings import ServeSettings

STEWARD_CONNECTIONS = 3
"""Connections of a host's steward: its chores, its LISTEN, and the vacuum of the tables."""


def needed(settings: ServeSettings, procs: int) -> int:
    """The host's budget for so many workers: each, one replacement that overlaps its predecessor, and the steward."""
    return (procs + 1) * settings.worker.connections + STEWARD_CONNECTIONS
