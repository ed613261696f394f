"""The statements of this package, with the schema's name and values filled in: each is to be run as it is, so that a
schema may have any name.
"""

from __future__ import annotations

from importlib import resources

from psycopg import sql


def composed(verb: str, schema: str, **values: object) -> sql.Composed:
    """``sql/<verb>.sql``. Raises FileNotFoundError for a verb that does not exist."""
    text = resources.files(__package__).joinpath("sql", f"{verb}.sql").read_text("utf-8")
    code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))
    literals = {name: sql.Literal(value) for name, value in values.items()}
    return sql.SQL(code).format(schema=sql.Identifier(schema), **literals)
