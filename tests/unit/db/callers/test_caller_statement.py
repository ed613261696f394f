"""Statements in the forms that drivers want: names with every mark that means something to one of them come through."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects.postgresql import asyncpg as asyncpg_dialect
from sqlalchemy.dialects.postgresql import psycopg as psycopg_dialect
from sqlalchemy.dialects.postgresql import psycopg2 as psycopg2_dialect

from pooljobs.db.callers.caller_statement import CallerStatement, array
from pooljobs.db.wire.binary_format import Oid

TYPES = {"id": Oid.UUID, "names": Oid.TEXT_ARRAY}
QUERY = CallerStatement(b"SELECT %(names)s, %(id)s::pg_catalog.uuid, '100 %%' FROM \"a:b\"", TYPES)


def test_with_dollars() -> None:
    assert QUERY.dollars == (
        "SELECT CAST($2 AS pg_catalog.text)::pg_catalog.text[], "
        "CAST($1 AS pg_catalog.text)::pg_catalog.uuid::pg_catalog.uuid, '100 %' FROM \"a:b\""
    )


def test_with_percents() -> None:
    filled = QUERY.percents % {"id": "I", "names": "N"}
    assert filled == QUERY.dollars.replace("$1", "I").replace("$2", "N")


@pytest.mark.parametrize("dialect", [psycopg_dialect, psycopg2_dialect, asyncpg_dialect])
@given(name=st.text(st.sampled_from(list(r"""ab:\%$"'{}()?1s """)), min_size=1))
def test_with_colons_sqlalchemy_gives_back_what_was_meant(dialect: object, name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    query = f"SELECT %(id)s FROM {quoted.replace('%', '%%')}.t"
    made = CallerStatement(query.encode(), {"id": Oid.UUID})
    compiled = sa.text(made.colons).compile(dialect=dialect.dialect())  # type: ignore[attr-defined]
    text = str(compiled)
    if compiled.dialect.paramstyle == "pyformat":
        text = text % {"id": "$1"}
    assert text.replace("$1::VARCHAR", "$1") == made.dollars


def test_without_parameters_nothing_is_doubled() -> None:
    plain = CallerStatement(b"SELECT '5 %'", {})
    assert (plain.dollars, plain.percents, plain.colons) == ("SELECT '5 %'", "SELECT '5 %'", "SELECT '5 %'")


@given(st.lists(st.none() | st.text(st.sampled_from(list('ab,{} "\\\n')))))
def test_an_array_is_a_text_from_which_its_elements_can_be_told(values: list[str | None]) -> None:
    elements = re.compile(r'NULL|"(?P<text>(?:[^"\\]|\\.)*)"', re.DOTALL).finditer(array(values))
    texts = [found["text"] for found in elements]
    assert [None if text is None else re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL) for text in texts] == values
