"""Reads the numbered files of ``sql/migrations``, and the functions and the view of ``sql/functions``.

A migration begins with ``-- oldest code: N``: the version of the oldest pooljobs that works with the schema from then
on, where a pooljobs has the number of its newest migration. ``-- outside a transaction`` in its second line is for the
one statement of a file that may not stand in one, such as CREATE INDEX CONCURRENTLY. What was released is never edited.
"""

from __future__ import annotations

import re
from dataclasses import KW_ONLY, dataclass
from importlib import resources
from typing import Final

FIRST: Final = 100
"""The first version. Lower ones were of pooljobs before it kept its migrations."""

MADE_FIRST: Final = (
    "uuid_v7",
    "note_idle_hosts",
    "note_schedule",
    "may_notify",
    "tell_pauses",
    "ensure_partitions",
    "find_results",
    "wait_for",
)
"""Functions that have to be there before the migrations: those that a table's default or trigger names, or a migration
grants, and what makes partitions, so that none is made as before while a migration changes those there are."""

_OLDEST_CODE: Final = re.compile(r"-- oldest code: (\d+)\n")
_NO_TRANSACTION: Final = "-- outside a transaction\n"


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file.

    Attributes:
        version: The file's number, which is the schema's version once it is applied.
        name: The file's name without its ending.
        oldest_code: The version of the oldest pooljobs that works with the schema then.
        in_transaction: Whether it is applied in a transaction.
    """

    version: int
    name: str
    _: KW_ONLY
    text: str
    oldest_code: int
    in_transaction: bool

    @classmethod
    def parse(cls, name: str, text: str) -> Migration:
        """Reads a file.

        Raises:
            ValueError: It does not begin as it should.
        """
        found = _OLDEST_CODE.match(text)
        if not found:
            raise ValueError(f"{name}.sql does not begin with '-- oldest code: N'")
        return cls(
            int(name[:4]),
            name,
            text=text,
            oldest_code=int(found[1]),
            in_transaction=not text.startswith(_NO_TRANSACTION, found.end()),
        )


def migrations() -> list[Migration]:
    """All migrations this version of pooljobs knows, in order."""
    return [Migration.parse(name, text) for name, text in sorted(_files("migrations").items())]


def code_version() -> int:
    """The version of this pooljobs: the number of its newest migration."""
    return migrations()[-1].version


def functions() -> dict[str, str]:
    """The texts that create the functions and the view, by name, in the order in which they are made."""
    files = _files("functions")
    return {name: files[name] for name in (*MADE_FIRST, *sorted(files.keys() - set(MADE_FIRST)))}


def _files(folder: str) -> dict[str, str]:
    entries = resources.files("pooljobs").joinpath("sql", folder).iterdir()
    return {entry.name[:-4]: entry.read_text("utf-8") for entry in entries if entry.name.endswith(".sql")}
