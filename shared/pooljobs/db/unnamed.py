"""What is to be said, or refused, where nobody has named a database and the embedded server would be started.

A variable whose name is mistyped looks as if it were not set: then it is named. No value is ever told.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from difflib import SequenceMatcher
from typing import Final

from pooljobs.embedded.managers import service_manager
from pooljobs.errors import RefusedError

VARIABLES: Final = ("POOLJOBS_DSN", "DATABASE_URL")

OF_TESTS: Final = "POOLJOBS_TEST_DSN"
"""A server that is named for tests, and for nothing else."""

MOST: Final = 4
"""Names that are told."""

_ALIKE: Final = 0.8
_OF_A_DATABASE: Final = {"DATABASE", "DB", "POSTGRES", "POSTGRESQL", "PG", "PSQL", "SQLALCHEMY", "POOLJOBS"}
_ADDRESS: Final = {"URL", "URI", "DSN", "HOST", "ADDRESS", "CONN", "CONNECTION", "CONNINFO"}
_OF_LIBPQ: Final = {"PGDATABASE", "PGPORT", "PGUSER", "PGPASSWORD", "PGURL", "PGURI", "PGDSN", "DBURL", "DBHOST"}
_URL: Final = re.compile(r"(?i)\s*['\"`]?(jdbc:)?(postgres|postgresql|pgsql|postgis)(\+\w+)?://")


def refuse_services(environ: Mapping[str, str] = os.environ) -> None:
    """Raises RefusedError where a service manager runs this process: it says what was missing."""
    if manager := service_manager(environ):
        like = lookalikes(environ)
        meant = f"{_told(like)} {_are(like)} set: was {_one_of(like)} meant? " if like else ""
        raise RefusedError(
            f"no database is named, and {manager} no private one is started by itself: {_missing(environ)}",
            hint=f"set DATABASE_URL, or pass --dsn. {meant}"
            "For a private PostgreSQL all the same pass --embedded, or set POOLJOBS_DSN=embedded",
        )


def warning(environ: Mapping[str, str] = os.environ) -> str:
    """What was not found, in a few words, and what may have been meant."""
    empty = [name for name in VARIABLES if name in environ]
    found = [f"{name} is empty" for name in empty]
    if like := lookalikes(environ):
        found.append(f"{_told(like)} {_are(like)} set: was {_one_of(like)} meant?")
    return f"no database is named ({'; '.join(found)})" if found else "no database is named"


def refuse_service_file(environ: Mapping[str, str] = os.environ) -> None:
    """Raises RefusedError where libpq would put a service's parameters into every connection, whatever its DSN."""
    if "PGSERVICE" in environ:
        hint = "unset PGSERVICE to use the embedded server"
        raise RefusedError("PGSERVICE is set, which leads every connection to a server that was named", hint=hint)


def lookalikes(environ: Mapping[str, str]) -> list[str]:
    """Variables that are set and may have been meant: the likeliest first, at most ``MOST``."""
    others = {name: value for name, value in environ.items() if name not in (*VARIABLES, OF_TESTS)}
    found = [(_likeness(name, value), name) for name, value in others.items()]
    return [name for likeness, name in sorted(found, key=lambda each: (-each[0], each[1])) if likeness][:MOST]


def _likeness(name: str, value: str) -> float:
    """0 for what is none; the higher, the likelier it was meant."""
    if not value.strip():
        return 0.0
    if _URL.match(value):
        return 3.0
    if "://" in value:  # the address of something else
        return 0.0
    plain = name.upper().replace("-", "_")
    words = set(plain.split("_"))
    if plain in _OF_LIBPQ or (words & _OF_A_DATABASE and words & _ADDRESS):
        return 1.0
    likeness = max(SequenceMatcher(None, plain, meant).ratio() for meant in VARIABLES)
    return 1 + likeness if likeness >= _ALIKE else 0.0


def _missing(environ: Mapping[str, str]) -> str:
    empty = [name for name in VARIABLES if name in environ]
    return f"{_told(empty)} {_are(empty)} empty" if empty else "DATABASE_URL is not set"


def _are(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _one_of(names: list[str]) -> str:
    return "that" if len(names) == 1 else "one of them"


def _told(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
