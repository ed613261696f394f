"""What a list of jobs may be asked for, in a module that needs no driver: the command line's help tells it."""

from __future__ import annotations

from typing import Final

STATUSES: Final = ("pending", "running", "completed", "failed", "cancelled")

LONGEST_LIST: Final = 1_000_000
"""Jobs in one list: it is made in memory."""
