"""What is stored as last_error: readable, bounded, and storable whatever the exception is."""

from __future__ import annotations

import doctest
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pooljobs.job.error_text
from pooljobs.job.error_text import LIMIT, LONGEST_HEADLINE, clean, describe, error_type, headline


def caught(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as raised:  # noqa: BLE001
        return raised


def test_the_examples_hold() -> None:
    assert doctest.testmod(pooljobs.job.error_text).failed == 0


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


class Evil(type):
    """Of a class that cannot even be asked for its name."""

    def __getattribute__(cls, name: str) -> NoReturn:
        raise SystemExit(name)


class OddText(str):
    __slots__ = ()

    def splitlines(self, keepends: bool = False) -> NoReturn:  # as its base has it
        raise KeyboardInterrupt(keepends)


class OddlySaidError(Exception):
    def __str__(self) -> str:
        return OddText("said all the same")


def syntax_error() -> SyntaxError:
    with pytest.raises(SyntaxError) as raised:
        compile("if:\n", "menu.py", "exec")
    return raised.value


def with_notes(error: Exception) -> Exception:
    error.add_note("a note\nof two lines")
    error.__cause__ = KeyError("the cause")
    return error


SHAPES = {
    "empty": (ValueError(), "ValueError"),
    "blank": (ValueError(" \n\t\n"), "ValueError"),
    "late": (ValueError("\n\nafter two ends of lines\n"), "ValueError: after two ends of lines"),
    "several lines": (ValueError("one\r\n  two\u2028three\x85four"), "ValueError: one two three four"),
    "far down": (ValueError("\n" * 9999 + "after all"), "ValueError: after all"),
    "key": (KeyError("k"), "KeyError: 'k'"),
    "syntax": (syntax_error(), "SyntaxError: invalid syntax (menu.py, line 1)"),
    "group": (ExceptionGroup("many\nat once", [KeyError(1)]), "ExceptionGroup: many at once (1 sub-exception)"),
    "notes and a cause": (with_notes(OSError(2, "gone")), "FileNotFoundError: [Errno 2] gone"),
    "odd text": (OddlySaidError(), f"{__name__}.OddlySaidError: said all the same"),
    "odd name": (type("Two\nLines", (Exception,), {"__module__": "shop"})("x"), "shop.Two Lines: x"),
    "no module": (type("Lost", (Exception,), {"__module__": None})("x"), "<class 'Lost'>: x"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_first_line_names_the_exception_and_what_it_says(shape: str) -> None:
    error, first = SHAPES[shape]
    assert describe(caught(error)).split("\n\n")[0] == first
    assert first.startswith(error_type(error))


@given(
    st.text(st.characters(exclude_categories=[]), max_size=2 * LONGEST_HEADLINE),
    st.sampled_from([ValueError, KeyError, SyntaxError, OSError, UnicodeError, SystemExit, AssertionError]),
)
def test_whatever_an_exception_says_its_first_line_is_the_first(text: str, class_: type[BaseException]) -> None:
    error = class_(text)
    first, blank, *_ = [*describe(error).splitlines(), "", ""]
    assert first == headline(error)
    assert first.startswith(class_.__name__)
    assert blank == ""
    said = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    assert clean(said)[: LONGEST_HEADLINE // 2] in first
    assert len(first) <= 8 * LONGEST_HEADLINE  # escapes of what cannot be stored take up to six


def test_a_class_that_raises_when_it_is_looked_at_is_named_all_the_same() -> None:
    error: Exception = Evil("EvilError", (Exception,), {"__module__": "shop"})(
        "x"
    )  # never seen by a collector of tests
    assert describe(error).splitlines()[0] == "shop.EvilError: x"
    assert "could not be printed: SystemExit" in describe(error)
