"""PostgreSQL takes every statement of the package as its callers send it: the text, and the types of its parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from importlib import resources
from typing import Any, Final

import psycopg
import pytest
from psycopg import Connection, errors
from psycopg._queries import PostgresQuery
from psycopg.adapt import Transformer
from psycopg.pq import ExecStatus

from pooljobs.db.statements import Statements, name_of
from pooljobs.db.wire.arrays import register_arrays
from pooljobs.scoreboard import Scoreboard
from tests.support.claims import SQL
from tests.support.statement_parameters import PASSING_OVER, cursor_parameters, hot_statements_of

Conn = Connection[Any]

_PART: Final = "pass_over"
"""A part of others, and no statement by itself."""

FILES: Final = {
    path.name.removesuffix(".sql"): path.read_text("utf-8")
    for path in resources.files("pooljobs").joinpath("sql", "statements").iterdir()
    if path.name.endswith(".sql")
}
TAKES_PART: Final = {verb for verb, text in FILES.items() if "{pass_over}" in text}


@pytest.fixture
def parsing(dsn: str) -> Iterator[Conn]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        register_arrays(connection)
        yield connection


def parse(connection: Conn, query: bytes, parameters: Mapping[str, object]) -> None:
    """Prepares it as a cursor does that is given these parameters.

    Raises:
        psycopg.Error: The server does not take it.
    """
    converted = PostgresQuery(Transformer(connection))
    converted.convert(query, parameters or None)
    result = connection.pgconn.prepare(b"", converted.query, converted.types)
    if result.status != ExecStatus.COMMAND_OK:
        raise errors.error_from_result(result)


def named_in(query: bytes) -> set[str]:
    return set(re.findall(r"%\((\w+)\)s", query.decode()))


def test_every_file_has_parameters() -> None:
    with closing(Scoreboard.create(1, 1)) as board:
        known = {*cursor_parameters(board), *(verb_of(hot.query) for hot in hot_statements_of(SQL))}
    assert set(FILES) - {_PART} == known


def verb_of(query: bytes) -> str:
    return name_of(query).removesuffix(".sql")


def test_the_server_takes_each_that_a_cursor_runs(parsing: Conn) -> None:
    refused = {}
    with closing(Scoreboard.create(1, 1)) as board:
        cases = cursor_parameters(board)
    for verb, sets in cases.items():
        assert sets, verb
        for given in sets:
            texts = [(SQL.load(verb), given)]
            if verb in TAKES_PART:
                texts.append((SQL.passing_over(verb), {**given, **PASSING_OVER}))
            for query, parameters in texts:
                assert named_in(query) <= set(parameters), verb
                try:
                    parse(parsing, query, parameters)
                except psycopg.Error as error:
                    refused[verb] = str(error)
    assert refused == {}


def test_the_server_takes_each_that_is_run_without_one(parsing: Conn) -> None:
    for hot in hot_statements_of(SQL):
        assert hot.prepare(parsing)


def test_parsing_finds_a_parameter_of_no_type_and_a_name_that_is_not_there(parsing: Conn) -> None:
    with pytest.raises(errors.IndeterminateDatatype):
        parse(parsing, b"SELECT %(a)s IS NULL", {"a": None})
    with pytest.raises(errors.UndefinedFunction):
        parse(parsing, b"SELECT %(a)s + %(b)s", {"a": [1], "b": 1.5})
    with pytest.raises(errors.UndefinedTable):
        parse(parsing, Statements("elsewhere").load("find_live"), {"ids": []})
