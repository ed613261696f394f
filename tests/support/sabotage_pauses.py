"""``python -m tests.support.sabotage_pauses serve …``: pooljobs that never learns that something was paused.

It shows that the chaos checker can fail.
"""

from __future__ import annotations

from unittest.mock import patch

from pooljobs.__main__ import main
from pooljobs.db.pause_reader import PauseReader


def main_without_pauses() -> None:
    """Runs the command line with readers that find what they have found up to date, in this process and its forks."""
    with patch.object(PauseReader, "outdated", lambda _self: False):
        main()


if __name__ == "__main__":
    main_without_pauses()
