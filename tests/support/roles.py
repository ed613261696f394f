"""Database roles with what ``pooljobs grant`` gives them, for a test's database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from pooljobs.db.schema.grants import grant


@contextmanager
def role_for(dsn: str, *purposes: str, schema: str = "pooljobs") -> Iterator[str]:
    """The DSN of a new role that may use the schema, and is granted what these purposes need."""
    name, password = f"test_{uuid4().hex[:12]}", uuid4().hex
    role, of_schema = sql.Identifier(name), sql.Identifier(schema)
    with psycopg.connect(dsn, autocommit=True) as owner:
        owner.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, password))
        try:
            owner.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(of_schema, role))
            for purpose in purposes:
                grant(dsn, schema, name, purpose)
            yield make_conninfo(dsn, user=name, password=password)
        finally:
            owner.execute(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(role))
