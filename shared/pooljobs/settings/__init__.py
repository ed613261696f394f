"""What a fleet is told before it starts: checked once, here, and handed down unchanged to every child.

A setting is a dataclass field (``setting.py``), in one of three classes: what each worker is told
(``worker_settings.py``), what a supervisor and all its children are (``serve_settings.py``), and what is done with
before there are any (``launch_settings.py``). Who looks for one by its variable: ``variables.py``.
"""

from __future__ import annotations

from pooljobs.settings.bounds import (
    BATCH_BYTES,
    BOOT_TIMEOUT,
    DURABILITIES,
    JOB_LOGS,
    LOG_FORMATS,
    LOG_LEVELS,
    LONGEST_WAIT_SECS,
    MAX_BATCH,
    MOST_CONNECTIONS,
    POOLERS,
    WAIT_SECS,
)
from pooljobs.settings.launch_settings import LaunchSettings
from pooljobs.settings.serve_settings import ServeSettings
from pooljobs.settings.worker_settings import WorkerSettings

__all__ = [
    "BATCH_BYTES",
    "BOOT_TIMEOUT",
    "DURABILITIES",
    "JOB_LOGS",
    "LOG_FORMATS",
    "LOG_LEVELS",
    "LONGEST_WAIT_SECS",
    "MAX_BATCH",
    "MOST_CONNECTIONS",
    "POOLERS",
    "WAIT_SECS",
    "LaunchSettings",
    "ServeSettings",
    "WorkerSettings",
]
