"""What is stored as last_error: readable, bounded, and storable whatever the exception is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pooljobs.job.error_text import LIMIT, clean, describe


def caught(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as raised:  # noqa: BLE001
        return raised


def test_the_exception_comes_first_and_the_traceback_after() -> None:
    text = describe(caught(ValueError("no such user")))
    assert text.splitlines()[0] == "ValueError: no such user"
    assert "test_error_text.py" in text


def test_our_own_frames_are_left_out() -> None:
    assert "in caught" not in describe(caught(ValueError("x")), skip_frames=1)


def test_an_exception_that_cannot_be_printed_is_still_described() -> None:
    class MuteError(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no")

    assert "MuteError" in describe(caught(MuteError()))


def test_nul_and_lone_surrogates_become_escapes() -> None:
    assert clean("a\0b\ud800c") == "a\\x00b\\ud800c"


def test_a_long_text_keeps_its_head_and_its_tail() -> None:
    text = clean("head" + "x" * 100_000 + "tail")
    assert text.startswith("head")
    assert text.endswith("tail")
    assert len(text) < LIMIT + 100


@given(st.text(alphabet=st.characters(exclude_categories=[])))
def test_anything_becomes_storable(text: str) -> None:
    stored = clean(text)
    assert "\0" not in stored
    stored.encode("utf-8")  # a lone surrogate would raise
