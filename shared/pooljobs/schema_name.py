"""Which names the schema of pooljobs' tables may have: all that PostgreSQL takes, and nothing that it would change.

Asked at once by whatever takes such a name: the application, and the database of a command.
"""

from __future__ import annotations

from typing import Final

from pooljobs.errors import OptionError

LONGEST: Final = 63
"""Bytes in UTF-8. PostgreSQL cuts off what is longer, and takes no longer name for a channel of NOTIFY."""


def check_schema(name: object) -> None:
    """Refuses what cannot be a schema's name, or is one of PostgreSQL's own.

    Raises:
        OptionError: That, with the reason.
    """
    if not isinstance(name, str) or not name:
        raise OptionError(f"schema must be a non-empty string, not {name!r}")
    if "\0" in name or any("\ud800" <= character <= "\udfff" for character in name):
        raise OptionError(f"schema {name!r} contains a character that PostgreSQL cannot store")
    if (size := len(name.encode())) > LONGEST:
        raise OptionError(f"schema {name!r} has {size} bytes, and PostgreSQL's names have at most {LONGEST}")
    if name.startswith("pg_") or name == "information_schema":
        raise OptionError(
            f"schema {name!r} is one of PostgreSQL's own", hint="choose a name that does not begin with pg_"
        )
