"""What ``settings.POOLJOBS`` and ``settings.DATABASES`` say of where a project's jobs are. Read when asked for."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.connection import ConnectionDoesNotExist

from pooljobs.errors import OptionError
from pooljobs.schema_name import check_schema

_DEFAULTS: Final = {"database": DEFAULT_DB_ALIAS, "schema": "pooljobs"}
_OWN: Final = {"client_encoding", "options"}
"""Said by pooljobs for its own sessions, or put together here."""


def alias() -> str:
    """The alias in ``DATABASES`` of the database that holds the jobs: ``POOLJOBS["database"]``, or ``default``.

    Raises:
        OptionError: ``POOLJOBS`` is not as it should be.
    """
    return _setting("database")


def schema() -> str:
    """The schema in it that holds pooljobs' tables: ``POOLJOBS["schema"]``, or ``pooljobs``.

    Raises:
        OptionError: ``POOLJOBS`` is not as it should be, or no schema can have that name.
    """
    name = _setting("schema")
    check_schema(name)
    return name


def quoted_schema() -> str:
    """The same as SQL has it."""
    name = schema().replace('"', '""')
    return f'"{name}"'


def database() -> BaseDatabaseWrapper:
    """Django's connection to that database, of this thread.

    Raises:
        OptionError: There is no such database in ``DATABASES``, or it is no PostgreSQL.
    """
    name = alias()
    try:
        connection = connections[name]
    except ConnectionDoesNotExist:
        told = f"POOLJOBS['database'] is {name!r}, and DATABASES has {', '.join(sorted(settings.DATABASES))}"
        raise OptionError(told, hint="name one of these aliases") from None
    if connection.vendor != "postgresql":
        engine = connection.settings_dict["ENGINE"] or "no ENGINE"
        raise OptionError(
            f"jobs are stored in PostgreSQL, and DATABASES[{name!r}] has {engine}",
            hint="set its ENGINE to django.db.backends.postgresql, or POOLJOBS['database'] to an alias that has it",
        )
    return connection


def dsn() -> str:
    """A connection string for that database as it is now: the test database's, while tests run.

    It is made of what Django's backend would connect with, as far as that is libpq's; ``assume_role`` goes with it.

    Raises:
        OptionError: As ``database``; or ``DATABASES`` is not as Django wants it.
    """
    from psycopg.conninfo import make_conninfo
    from psycopg.pq import Conninfo

    connection = database()
    try:
        given = connection.get_connection_params()
    except ImproperlyConfigured as error:
        raise OptionError(str(error), hint=f"mend settings.DATABASES[{connection.alias!r}]") from None
    known = {option.keyword.decode() for option in Conninfo.get_defaults()} - _OWN
    parts = {name: value for name, value in given.items() if name in known and value not in (None, "")}
    options = [given.get("options") or "", _role(connection)]
    if said := " ".join(filter(None, options)):
        parts["options"] = said
    return make_conninfo("", **parts)


def _role(connection: BaseDatabaseWrapper) -> str:
    role = connection.settings_dict["OPTIONS"].get("assume_role")
    return f"-c role={_escaped(role)}" if role else ""


def _escaped(value: str) -> str:
    """For libpq's ``options``, which ends a word at a blank."""
    return value.replace("\\", r"\\").replace(" ", r"\ ")


def _setting(name: str) -> str:
    given: object = getattr(settings, "POOLJOBS", {})
    if not isinstance(given, Mapping):
        raise OptionError(f"settings.POOLJOBS is a {type(given).__name__}, not a dict", hint=_form())
    for key in given:
        if key not in _DEFAULTS:
            close = get_close_matches(str(key), _DEFAULTS, n=1)
            hint = f"did you mean {close[0]!r} ?" if close else _form()
            raise OptionError(f"settings.POOLJOBS knows no {key!r}", hint=hint)
    value: Any = given.get(name, _DEFAULTS[name])
    if not isinstance(value, str):
        raise OptionError(f"POOLJOBS[{name!r}] is {value!r:.80}, not text", hint=_form())
    return value


def _form() -> str:
    return f"write it as POOLJOBS = {_DEFAULTS}, or leave it out"
