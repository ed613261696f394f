"""A job's columns, listed once. Statements that carry a job from table to table are rendered from this list.

What is here goes from ``live`` to ``history`` when a job ends, and back when it is run again, unchanged. What each
statement decides anew stands in its own text: when and how often a job ran, who ran it, when it is due, how it ended.

A new column is an entry here and a migration that adds it to both tables.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from types import MappingProxyType
from typing import Final, Literal

from pooljobs.db.wire import binary_format
from pooljobs.db.wire.binary_format import Oid
from pooljobs.job.labels import encoded_tags
from pooljobs.job.new_job import NewJob


@dataclass(frozen=True, slots=True)
class Given:
    """That an enqueue gives the column its value.

    Attributes:
        oid: The column's type.
        encode: The value in the type's binary format; None is null.
        value: The value for a cursor of the caller's, which finds a type by itself.
    """

    oid: Oid
    encode: Callable[[NewJob], bytes | None]
    value: Callable[[NewJob], object]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of ``live`` and ``history``.

    Attributes:
        name: The same in both tables.
        given: How an enqueue gives it; None for one that begins with the table's default.
        carried: False where the statements that move a job decide it anew.
        appended: Whether it comes last in the view ``jobs``, since it is younger than that; the view names the others.
        shown: Of a column that is not in both tables: what the view has there, for ``l``, its live jobs, and for ``h``.
    """

    name: str
    given: Given | None = None
    carried: bool = True
    appended: bool = False
    shown: Mapping[str, str] | None = None


_PROGRESS: Final = MappingProxyType(
    {
        "l": "(SELECT (p.reports -> l.id::text) - 'token'::text FROM {schema}.progress AS p"
        " WHERE p.worker_id = l.worker_id AND p.reports -> l.id::text -> 'token' = to_jsonb(l.token)) AS progress",
        "h": "NULL::jsonb",
    }
)
"""What the worker has said that holds the job, of this claim of it."""


def _ended(name: str, type_: str) -> Mapping[str, str]:
    """Of a column that ended jobs alone have."""
    return MappingProxyType({"l": f"NULL::{type_} AS {name}", "h": f"h.{name}"})


JOB_COLUMNS: tuple[Column, ...] = (
    Column("id"),
    Column("created_at"),
    Column("fence"),
    Column("interruptions"),
    Column(
        "max_retries",
        Given(Oid.INT4, lambda job: binary_format.int4(job.max_retries), lambda job: job.max_retries),
        carried=False,
    ),
    Column("priority", Given(Oid.INT2, lambda job: binary_format.int2(job.priority), lambda job: job.priority)),
    Column("queue", Given(Oid.TEXT, lambda job: binary_format.text(job.queue), lambda job: job.queue)),
    Column("job_type", Given(Oid.TEXT, lambda job: binary_format.text(job.job_type), lambda job: job.job_type)),
    Column("trace_id", Given(Oid.TEXT, lambda job: binary_format.text(job.trace_id), lambda job: job.trace_id)),
    Column("payload", Given(Oid.JSONB, lambda job: binary_format.jsonb(job.payload), lambda job: job.payload.decode())),
    Column("flags"),
    Column("snoozes", appended=True),
    Column("unique_key"),
    Column("result", carried=False, appended=True, shown=_ended("result", "json")),
    Column("result_note", carried=False, appended=True, shown=_ended("result_note", "text")),
    Column(
        "tags",
        Given(
            Oid.JSONB,
            lambda job: binary_format.jsonb(encoded_tags(job.tags)) if job.tags else None,
            lambda job: encoded_tags(job.tags).decode() if job.tags else None,
        ),
        appended=True,
    ),
    Column(
        "meta",
        Given(
            Oid.JSONB,
            lambda job: binary_format.jsonb(job.meta) if job.meta else None,
            lambda job: job.meta.decode() if job.meta else None,
        ),
        appended=True,
    ),
    Column("progress", carried=False, appended=True, shown=_PROGRESS),
)

PAYLOAD: Final = "payload"
"""The last of those that an enqueue gives: jobs of one bulk differ in it, and are alike before it."""

_Part = Literal["carried", "given", "given_values", "given_arrays", "appended"]
_LISTS: Final = re.compile(r"\{(carried|given|given_values|given_arrays|appended)(?::(\w+))?\}")


def given() -> list[tuple[str, Given]]:
    """What an enqueue gives, by name, in the order of its statements: the payload last."""
    found = [(column.name, column.given) for column in JOB_COLUMNS if column.given is not None]
    return sorted(found, key=lambda each: each[0] == PAYLOAD)


def fill_in(text: str) -> str:
    """The text of a statement with the list's columns in the place of ``{carried}``, ``{given}`` and ``{appended}``.

    ``{carried:e}`` puts ``e.`` before each name. ``{given_values}`` are placeholders for what ``{given}`` names,
    ``{given_arrays}`` sets of rows from placeholders for arrays of them. Each
    of ``{appended}`` follows a comma: there may be none.
    """
    return _LISTS.sub(lambda found: _listed(found[1], found[2]), text)  # type: ignore[arg-type]


def _listed(part: _Part, alias: str | None) -> str:
    names = _names(part, alias)
    return "".join(f", {name}" for name in names) if part == "appended" else ", ".join(names)


def _names(part: _Part, alias: str | None) -> Iterator[str]:
    before = f"{alias}." if alias else ""
    if part == "given_values":
        return (f"%({name})s::pg_catalog.jsonb" if one.oid is Oid.JSONB else f"%({name})s" for name, one in given())
    if part == "given_arrays":
        return (f"pg_catalog.unnest(%({name})s::pg_catalog.{one.oid.name.lower()}[])" for name, one in given())
    if part == "given":
        return (before + name for name, _ in given())
    wanted = attrgetter(part)
    return (
        column.shown[alias] if column.shown and alias else before + column.name
        for column in JOB_COLUMNS
        if wanted(column)
    )
