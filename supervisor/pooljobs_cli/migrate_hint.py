"""What to run where a schema has to be migrated: a command line for the database that was meant. Needs the driver."""

from __future__ import annotations

import os
import shlex
from typing import Final

from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import Conninfo

from pooljobs.db.database import Database
from pooljobs.db.dsn import BY_LIBPQ, EMBEDDED
from pooljobs.db.error_classes import MIGRATE, MISSING, not_migrated
from pooljobs.errors import NotMigratedError
from pooljobs_cli.common_options import DEFAULT_SCHEMA
from pooljobs_cli.output.calling_name import is_a_projects

_FOUND_AGAIN: Final = {"POOLJOBS_DSN", "DATABASE_URL", *BY_LIBPQ, EMBEDDED}
"""Where the next command finds the same database by itself."""

_SECRET: Final = b"*"
"""How libpq marks a parameter that is not to be shown."""


def with_command(error: Exception, database: Database, schema: str) -> NotMigratedError | None:
    """The error with the command line as its hint; None if it is not of a schema that is missing or old."""
    if not isinstance(error, (NotMigratedError, *MISSING)):
        return None
    found = error if isinstance(error, NotMigratedError) else not_migrated(schema)
    if not (found.hint or "").startswith(MIGRATE):
        return None
    told = NotMigratedError(str(found), hint=f"run: {migrate_command(database, schema)}")
    told.__cause__ = error.__cause__ if found is error else error
    return told


def migrate_command(database: Database, schema: str) -> str:
    """The command line that migrates it, for a shell; without what is secret in a DSN that has to be repeated."""
    words = ["pooljobs", "migrate"]
    before = ""
    if database.embedded and database.source not in _FOUND_AGAIN:
        words += ["--embedded"]
    elif database.source not in _FOUND_AGAIN:
        parts = conninfo_to_dict(database.dsn)
        secrets = {each.keyword.decode() for each in Conninfo.get_defaults() if each.dispchar == _SECRET} & parts.keys()
        shown = {name: value for name, value in parts.items() if name not in secrets}
        words += ["--dsn", make_conninfo("", **shown) if secrets else database.dsn]
        before = "PGPASSWORD=… " if "password" in secrets else ""
    named = os.environ.get("POOLJOBS_SCHEMA")
    said_by_project = is_a_projects() and schema == named
    if not said_by_project and (schema != DEFAULT_SCHEMA or named):
        words += ["--schema", schema]
    return before + shlex.join(words)
