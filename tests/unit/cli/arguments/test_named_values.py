from __future__ import annotations

from typing import Any

import pytest

from pooljobs.errors import OptionError, PayloadError
from pooljobs_cli.arguments.named_values import meta_of, payload_of


@pytest.mark.parametrize(
    ("fields", "payload"),
    [
        ([], {}),
        (["name=Ada"], {"name": "Ada"}),
        (["name=", "times:=3", "tags:=[1, null]"], {"name": "", "times": 3, "tags": [1, None]}),
        (["sum=1+1=2", "a:b=c", 'text:="3"'], {"sum": "1+1=2", "a:b": "c", "text": "3"}),
    ],
)
def test_text_and_json(fields: list[str], payload: dict[str, Any]) -> None:
    assert payload_of(fields) == payload


@pytest.mark.parametrize(
    ("fields", "told"),
    [(["Ada"], "no field"), (["=3"], "no field"), ([":=3"], "no field"), (["n:=x"], "n: "), (["n=1", "n:=1"], "twice")],
)
def test_what_is_no_field_is_refused(fields: list[str], told: str) -> None:
    with pytest.raises(PayloadError, match=told):
        payload_of(fields)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["Ada"], "'Ada' is no value of --meta"),
        (["=3"], "'=3' is no value of --meta"),
        (["n:=x"], "n: is not JSON"),
        (["n:=" + "[" * 100_000], "n: .*nested"),
        (["n=1", "n:=1"], "the value 'n' is given twice"),
    ],
)
def test_what_is_no_meta_is_refused_as_an_option(given: list[str], told: str) -> None:
    with pytest.raises(OptionError, match=told):
        meta_of(given)
