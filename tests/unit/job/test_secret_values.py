"""Values of secret parameters are found in what is told of their run, however they are spelled there."""

from __future__ import annotations

import json
from contextvars import copy_context

import pytest

from pooljobs.job.error_text import describe, headline
from pooljobs.job.secret_values import hide_values, without_secrets

TOKEN = "sk-1'\"\\\n\u00e9end"
PAYLOAD = {"token": {"keys": [TOKEN, {"pin": 123456, "on": True}], "short": "abc"}, "to": "somebody"}


@pytest.mark.parametrize("spelled", [TOKEN, repr(TOKEN), json.dumps(TOKEN), json.dumps(TOKEN, ensure_ascii=False)])
def test_each_spelling_is_masked(spelled: str) -> None:
    def told() -> str:
        hide_values(PAYLOAD, {"token"})
        return without_secrets(f"no {spelled} for 123456 of somebody, True abc")

    text = copy_context().run(told)
    assert "sk-1" not in text
    assert "end" not in text
    assert "*** of somebody, True abc" in text


def test_an_error_of_the_run_is_described_without_them_and_one_of_another_run_as_it_is() -> None:
    def told() -> list[str]:
        hide_values(PAYLOAD, {"token", "absent"})
        try:
            raise KeyError(TOKEN) from ValueError(TOKEN)
        except KeyError as error:
            return [describe(error), headline(error)]

    assert [text for text in copy_context().run(told) if "sk-1" in text] == []
    assert "sk-1" in headline(KeyError(TOKEN))


def test_a_value_that_a_long_error_was_cut_in_is_masked_before() -> None:
    def told() -> str:
        hide_values({"token": "s" * 3000}, {"token"})
        return describe(ValueError("s" * 3000 + "x" * 20_000))

    assert "ss" not in copy_context().run(told).partition("Traceback")[0]


@pytest.mark.parametrize("payload", [None, [1], "text", {}, {"token": None}, {"token": 10**5000}])
def test_nothing_is_hidden_where_there_is_nothing(payload: object) -> None:
    copy_context().run(hide_values, payload, {"token"})
