"""States where and with what was measured: versions, settings that decide durability, processors, memory, kernel."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
from psycopg import Connection

DURABILITY = ("fsync", "synchronous_commit", "full_page_writes", "wal_level", "shared_buffers", "max_wal_size")


def durability(connection: Connection[Any]) -> dict[str, str]:
    """The server's version, and what decides how much a commit costs."""
    found = {}
    for name in ("server_version", *DURABILITY):
        row = connection.execute("SELECT current_setting(%s)", (name,)).fetchone()
        found[name] = str(row[0]) if row else ""
    return found


def machine() -> dict[str, str]:
    """This machine, and the programs on it."""
    return {
        "measured": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "processors": f"{psutil.cpu_count()} ({_processor()})",
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "pooljobs": version("pooljobs"),
        "psycopg": version("psycopg"),
    }


def _processor() -> str:
    """The model, where the system tells it."""
    told = Path("/proc/cpuinfo")
    if told.is_file():
        for line in told.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
