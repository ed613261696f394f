"""What a database role needs for what it is to do: ``sql/grants``, as text to read or carried out."""

from __future__ import annotations

from importlib import resources

from psycopg import errors as pg

from pooljobs.db.connect import connect, pinned_transaction
from pooljobs.db.endpoint import place
from pooljobs.db.public_errors import ours
from pooljobs.db.schema.version import check_migrated
from pooljobs.db.statements import render
from pooljobs.errors import NotFoundError


def granting(schema: str, role: str, purpose: str) -> str:
    """The commands that grant it, one after the other. They may be repeated."""
    text = resources.files("pooljobs").joinpath("sql", "grants", f"{purpose}.sql").read_text("utf-8")
    return render(text, schema, role=role).decode()


def grant(dsn: str, schema: str, role: str, purpose: str) -> str:
    """Carries them out, all or none; the DSN's user has to own the schema. Returns where that was.

    Raises:
        DatabaseUnreachableError, DatabaseUnsupportedError, DatabaseRefusedError, NotMigratedError: As their names say.
        NotFoundError: There is no such role.
    """
    with ours(schema), connect(dsn, application_name="pooljobs grant") as connection:
        check_migrated(connection, schema)
        try:
            with pinned_transaction(connection):
                connection.execute(granting(schema, role, purpose).encode())
        except pg.UndefinedObject as error:
            hint = "create it first: CREATE ROLE … LOGIN"
            raise NotFoundError(f"there is no role {role!r} on this server", hint=hint) from error
        return place(connection)
