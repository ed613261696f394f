"""JSON laid out from its text alone: as json.dumps does it, where that can."""

from __future__ import annotations

import json

import pytest

from pooljobs_cli.output.json_text import indented, masked


@pytest.mark.parametrize(
    "value",
    [{}, [], 3, "x", None, {"a": 1}, [[], {}, [{}]], {"a": [1, 2, {"b": 'x, ["y\\": {'}], "c": {}, "d": [None, True]}],
)
def test_it_looks_like_pythons_own(value: object) -> None:
    assert indented(json.dumps(value)) == json.dumps(value, indent=2)


def test_inside_of_another_document_it_is_moved_in() -> None:
    assert indented('{"a": [1]}', 1) == '{\n    "a": [\n      1\n    ]\n  }'


def test_a_deep_one_is_hardly_longer_than_it_was() -> None:
    deep = "[" * 5000 + "1, 2" + "]" * 5000
    assert len(indented(deep)) < len(deep) + 2000
    assert "".join(indented(deep).split()) == "".join(deep.split())


def test_numbers_stay_as_they_are() -> None:
    assert indented(f'{{"n": {"9" * 9000}}}') == f'{{\n  "n": {"9" * 9000}\n}}'


HOLDER = '{"a": 1, "token": {"x": [1, {"token": 2}], "y": "}, "}, "b": {"token": "kept"}, "c": "token"}'


def test_fields_are_masked_with_all_that_they_hold() -> None:
    told = json.loads(masked(HOLDER, {"token", "absent"}))
    assert told == json.loads(HOLDER) | {"token": "***"}
    assert json.loads(masked('{"t\\u00f6": {}, "b": []}', {"tö"})) == {"tö": "***", "b": []}
    assert masked(HOLDER, ()) == HOLDER


@pytest.mark.parametrize("document", ['[{"token": 1}]', "{}", '"token"', "3", '{"a": ":"}'])
def test_what_has_no_such_field_stays_as_it_is(document: str) -> None:
    assert masked(document, {"token"}) == document


def test_the_deepest_value_is_masked() -> None:
    assert masked('{"token": ' + "[" * 5000 + "]" * 5000 + ', "b": 2}', {"token"}) == '{"token": "***", "b": 2}'
