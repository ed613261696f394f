"""What a role may be granted for; one may have several. A module without a driver: the command line's help tells it."""

from __future__ import annotations

from typing import Final

PURPOSES: Final = ("enqueuer", "worker", "viewer")
"""Each is a file of ``sql/grants``."""
