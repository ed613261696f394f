"""The schema that the bench works in, and its statements."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from typing import Any, Final

from psycopg import Connection

from pooljobs.db.statements import render
from pooljobs_cli.bench.bench_jobs import SCHEMA
from pooljobs_cli.staging.own_schema import Agree, Purpose, own_schema

PURPOSE: Final = Purpose(SCHEMA, "bench", "puts under full load, for ten seconds or more,")


@contextmanager
def staged(dsn: str, agree: Agree) -> Iterator[Connection[Any]]:
    """A connection to the database, with the schema in it until the ``with`` ends.

    Raises:
        PoolJobsError: As ``own_schema`` does.
    """
    with own_schema(dsn, PURPOSE, agree) as own:
        own.connection.execute(load("make_probe"))
        yield own.connection


def load(verb: str) -> bytes:
    """A statement of ``bench/sql``."""
    return render(resources.files(__package__).joinpath("sql", f"{verb}.sql").read_text("utf-8"), SCHEMA)
