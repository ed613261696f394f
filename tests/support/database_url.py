"""A test's DSN in the form that other libraries take."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from psycopg.conninfo import conninfo_to_dict


def as_url(dsn: str) -> str:
    """The DSN as a URL. The host goes behind the question mark: it may be the directory of a socket."""
    at: dict[str, str] = {name: str(value) for name, value in conninfo_to_dict(dsn).items() if value}
    user = quote(at.get("user", ""), safe="")
    password = f":{quote(at['password'], safe='')}" if "password" in at else ""
    where = urlencode([(name, at[name]) for name in ("host", "port") if name in at])
    return f"postgresql://{user}{password}@/{quote(at['dbname'], safe='')}?{where}"


def libpq_variables(dsn: str) -> dict[str, str]:
    """The DSN as libpq's own variables, for who is given no DSN."""
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}
    return {names[name]: str(value) for name, value in conninfo_to_dict(dsn).items() if name in names and value}
