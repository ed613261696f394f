"""``python -m tests.support.sabotage serve …``: pooljobs with what keeps claims apart taken out of their statement.

That is the lock, and that the update takes the very version of a row that was seen. It shows that the tests which look
for a double claim can fail.
"""

from __future__ import annotations

from unittest.mock import patch

from pooljobs.__main__ import main
from pooljobs.db.statements import Statements

SABOTAGE = (
    (b"FOR UPDATE SKIP LOCKED", b""),
    (b"SELECT due.place", b"SELECT due.id"),
    (b"SELECT l.ctid AS place", b"SELECT l.id"),
    (b"l.ctid = picked.place", b"l.id = picked.id"),
)


def main_without_lock() -> None:
    """Runs the command line with the claim's row lock taken out, in this process and the ones it forks."""
    load = Statements.load

    def unlocked(self: Statements, verb: str) -> bytes:
        text = load(self, verb)
        if verb != "claim":
            return text
        for found, instead in SABOTAGE:
            assert found in text, f"the claim has no {found!r}: the sabotage would show nothing"
            text = text.replace(found, instead)
        return text

    with patch.object(Statements, "load", unlocked):
        main()


if __name__ == "__main__":
    main_without_lock()
