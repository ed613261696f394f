"""A statement's text is made once for each schema."""

from __future__ import annotations

import pytest

from pooljobs.db.statements import Statements, name_of


def test_a_text_is_made_once_whoever_asks() -> None:
    assert Statements("a").load("claim") is Statements("a").load("claim")
    assert Statements("a").passing_over("claim") is Statements("a").passing_over("claim")


def test_each_schema_has_its_own() -> None:
    assert b'"a".' in Statements("a").load("claim")
    assert b'"b".' in Statements("b").load("claim")


def test_one_that_passes_over_is_another_text_of_the_same_file() -> None:
    plain, passing_over = Statements("a").load("claim"), Statements("a").passing_over("claim")
    assert b"refused_shapes" in passing_over
    assert b"refused_shapes" not in plain
    assert name_of(plain) == name_of(passing_over) == "claim.sql"


def test_a_verb_that_does_not_exist_has_no_file() -> None:
    with pytest.raises(FileNotFoundError):
        Statements("a").load("dance")
