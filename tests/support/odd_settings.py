"""Settings that a database or a role may have (ALTER DATABASE … SET), far from their defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from psycopg import Connection, sql

VALUES: Final = {
    "search_path": ("nowhere", "pg_catalog, pg_temp"),
    "timezone": ("Asia/Kathmandu", "UTC"),
    "datestyle": ("German, YMD", "ISO, MDY"),
    "intervalstyle": ("sql_standard", "postgres"),
    "extra_float_digits": ("-15", "1"),
    "bytea_output": ("escape", "hex"),
    "array_nulls": ("off", "on"),
    "standard_conforming_strings": ("off", "on"),
    "row_security": ("off", "on"),
    "idle_in_transaction_session_timeout": ("20s", "10s"),
}
"""By name: an odd value, and what it is in a session of ours."""

TIMEOUTS: Final = {
    "statement_timeout": ("20s", "0"),
    "lock_timeout": ("50ms", "0"),
    "idle_session_timeout": ("300ms", "0"),
    "transaction_timeout": ("20s", "0"),
}
"""As ``VALUES``. The last one is there since PostgreSQL 17."""

OTHERS: Final = {
    "client_encoding": "LATIN1",
    "default_transaction_isolation": "serializable",
    "default_transaction_deferrable": "on",
    "plan_cache_mode": "force_custom_plan",
    "enable_indexscan": "off",
    "enable_nestloop": "off",
    "jit": "on",
    "jit_above_cost": "0",
    "synchronous_commit": "off",
    "work_mem": "64kB",
    "quote_all_identifiers": "on",
    "check_function_bodies": "off",
    "escape_string_warning": "on",
    "backslash_quote": "off",
    "transform_null_equals": "on",
    "xmloption": "document",
    "client_min_messages": "debug1",
}


def timeouts(connection: Connection[Any]) -> dict[str, tuple[str, str]]:
    """Those of ``TIMEOUTS`` that the server knows."""
    newest = connection.info.server_version >= 170000
    return {name: both for name, both in TIMEOUTS.items() if newest or name != "transaction_timeout"}


def odd(values: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """The odd ones."""
    return {name: value for name, (value, _) in values.items()}


def needed(values: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """What they are in a session of ours."""
    return {name: value for name, (_, value) in values.items()}


def set_all(connection: Connection[Any], values: Mapping[str, str]) -> None:
    """For the sessions that begin from now on in this connection's database."""
    name = sql.Identifier(connection.info.dbname)
    for setting, value in values.items():
        as_list = sql.SQL(", ").join(sql.Literal(each.strip()) for each in value.split(","))
        connection.execute(sql.SQL("ALTER DATABASE {} SET {} = {}").format(name, sql.SQL(setting), as_list))
