"""``python -m tests.support.sabotage serve …``: pooljobs with the lock taken out of its claim statement.

It shows that the tests which look for a double claim can fail.
"""

from __future__ import annotations

from unittest.mock import patch

from pooljobs.__main__ import main
from pooljobs.db.statements import Statements

LOCK = b"FOR UPDATE SKIP LOCKED"


def main_without_lock() -> None:
    """Runs the command line with the claim's row lock taken out, in this process and the ones it forks."""
    load = Statements.load

    def unlocked(self: Statements, verb: str) -> bytes:
        text = load(self, verb)
        if verb != "claim":
            return text
        assert LOCK in text, "the claim has no such lock: the sabotage would show nothing"
        return text.replace(LOCK, b"")

    with patch.object(Statements, "load", unlocked):
        main()


if __name__ == "__main__":
    main_without_lock()
