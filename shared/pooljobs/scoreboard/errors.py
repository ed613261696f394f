"""What can go wrong with the scoreboard itself."""

from __future__ import annotations

from pooljobs.errors import PoolJobsError


class ScoreboardError(PoolJobsError):
    """The scoreboard could not be made, or was asked for something that it does not have."""
