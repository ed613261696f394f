"""Names of schemas that PostgreSQL takes, each with something in it that some text could stumble over."""

from __future__ import annotations

from typing import Final

WORST: Final = "a\"b' %s%%(x){schema}$body$\\\n;--/*é"
"""All in one."""

ODD: Final = (
    WORST,
    'quoted "twice""',
    "isn't",
    "100%",
    "%s %(name)s %%",
    "{schema} {} {{0}}",
    "$body$ $body_$ $do$",
    "back\\slash E'\\n'",
    "two\nlines\t",
    " ",
    ".",
    "select",
    "PG_Catalog",
    "-- /* ; :x ? $1",
    "Größe 数据库 🐘",
    "x" * 63,
    "é" * 31 + "x",
)

REFUSED: Final = ("", "x" * 64, "é" * 32, "a\0b", "\ud800", "pg_jobs", "information_schema")
