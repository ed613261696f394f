from __future__ import annotations

import io
import json
import logging
import warnings

import pytest

from pooljobs.errors import OptionError
from pooljobs.logs import configure
from pooljobs.logs.line_handler import LineHandler
from pooljobs.process.colour import wants_colour


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_second_call_replaces_the_first() -> None:
    first, second = io.StringIO(), io.StringIO()
    configure(stream=first)
    configure("json", "warning", stream=second)
    logging.getLogger("shop").info("too quiet")
    logging.getLogger("shop").warning("loud")
    assert first.getvalue() == ""
    assert [json.loads(line)["message"] for line in second.getvalue().splitlines()] == ["loud"]
    assert sum(isinstance(handler, LineHandler) for handler in logging.getLogger().handlers) == 1


def test_warnings_become_log_lines() -> None:
    stream = io.StringIO()
    configure(stream=stream)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=False)
        logging.captureWarnings(capture=True)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    assert "py.warnings" in stream.getvalue()
    assert "old" in stream.getvalue()


@pytest.mark.parametrize(("format_", "level"), [("xml", "info"), ("text", "loud")])
def test_unknown_words_are_refused_and_change_nothing(format_: str, level: str) -> None:
    before = list(logging.getLogger().handlers)
    with pytest.raises(OptionError) as caught:
        configure(format_, level, stream=io.StringIO())
    assert caught.value.hint
    assert logging.getLogger().handlers == before


def test_colour_only_where_it_is_wanted() -> None:
    assert wants_colour(Terminal(), {})
    assert not wants_colour(io.StringIO(), {})
    assert not wants_colour(Terminal(), {"NO_COLOR": "1"})
    assert not wants_colour(Terminal(), {"TERM": "dumb"})
    assert wants_colour(io.StringIO(), {"FORCE_COLOR": "1"})
    closed = io.StringIO()
    closed.close()
    assert not wants_colour(closed, {})
