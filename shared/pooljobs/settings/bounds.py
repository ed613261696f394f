"""How much, how long and how many a setting may be, where one has a reason that others share; and the choices."""

from __future__ import annotations

from typing import Final

MAX_BATCH: Final = 1000
"""The most jobs one claim may take: the size of a worker's table of held jobs on the scoreboard."""

BATCH_BYTES: Final = 16 * 2**20
"""By default, the most bytes of payloads that a worker takes at a time."""

MAX_COUNT: Final = 10_000
"""The most crashes or losses a job can be allowed: a row counts them in 16 bits."""

MAX_WEIGHT: Final = 100
"""The most that a queue's turn can count beside another's."""

MIN_JOB_TIMEOUT: Final = 1.0
"""Seconds. A shorter lease could not be renewed in time on a busy machine."""

LONGEST_WAIT_SECS: Final = 7 * 24 * 3600.0
"""Seconds. What processes wait for they wait for by poll(2), which counts milliseconds in 32 bits: 24 days."""

MOST_CONNECTIONS: Final = 1000
"""Of one process."""

WAIT_SECS: Final = 10.0
"""By default, seconds for which an application that enqueues waits for its database."""

BOOT_TIMEOUT: Final = 120.0
"""By default, seconds for which a worker may start: an import of gigabytes of models takes fewer."""

LARGEST: Final = 2**31 - 1
"""Of a number that nothing else bounds."""

DURABILITIES: Final = ("strict", "relaxed")

POOLERS: Final = ("none", "session")
"""What may stand between a fleet and its server."""

LOG_FORMATS: Final = ("text", "json")

LOG_LEVELS: Final = ("debug", "info", "warning", "error", "critical")

JOB_LOGS: Final = ("none", "failed", "all")
"""Of which jobs the log says what became of them."""
