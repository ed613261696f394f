"""``python -m tests.support.sabotage_storm serve …``: pooljobs that takes each death for a failed start.

It shows that the rules of storms can fail.
"""

from __future__ import annotations

from unittest.mock import patch

from pooljobs.__main__ import main
from pooljobs_supervisor.fleet import backoff, children


def each_death_counts(before: int, *, came_up: bool) -> int:  # that is the sabotage
    """One more, whatever it was."""
    return before + 1


if __name__ == "__main__":
    vars(backoff)["LONGEST_WAIT"] = 6.0  # that is long enough
    with patch.object(children, "failed_starts", each_death_counts):
        main()
