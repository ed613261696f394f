"""The name a worker's connections carry in ``pg_stat_activity``: its steward finds them by it after its death."""

from __future__ import annotations


def application_name(ordinal: int, pid: int) -> str:
    """For example ``pooljobs worker-3 (pid 4711)``; well under the 63 bytes PostgreSQL keeps."""
    return f"pooljobs worker-{ordinal} (pid {pid})"
