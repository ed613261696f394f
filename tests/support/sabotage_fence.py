"""``python -m tests.support.sabotage_fence serve …``: pooljobs whose settlements count whoever holds the job.

It shows that the chaos checker can fail.
"""

from __future__ import annotations

from unittest.mock import patch

from pooljobs.__main__ import main
from pooljobs.db.statements import Statements

FENCE = b"l.fence = g.fence AND l.token = g.token"


def main_without_fence() -> None:
    """Runs the command line with fence and token taken out of settlements, in this process and those it forks."""
    load = Statements.load

    def unfenced(self: Statements, verb: str) -> bytes:
        text = load(self, verb)
        if verb not in ("settle", "settle_full"):
            return text
        conditions = 2 if verb == "settle_full" else 1
        assert text.count(FENCE) == conditions, "the settlement has no such condition: the sabotage would show nothing"
        return text.replace(FENCE, b"true")

    with patch.object(Statements, "load", unfenced):
        main()


if __name__ == "__main__":
    main_without_fence()
