"""What a variable holds, and what it means: the value of its setting, or an error with its name and what it takes."""

from __future__ import annotations

import os
from typing import Any

import pytest

from pooljobs.errors import OptionError
from pooljobs.settings.variables import by_variable, text_of, value_of, without_settings


@pytest.mark.parametrize(
    ("held", "text"),
    [
        (b"8", "8"),
        (b"", ""),
        (b" \t", ""),
        (b'""', ""),
        (b" 8\r\n", "8"),
        (b"'8'", "8"),
        (b"\" 'a, b' \"", "a, b"),
        (b"'", "'"),
        ("ä".encode(), "ä"),
    ],
)
def test_blanks_and_quotes_around_a_value_are_none_of_it(held: bytes, text: str) -> None:
    assert text_of("POOLJOBS_QUEUES", {"POOLJOBS_QUEUES": os.fsdecode(held)}) == text


def test_what_is_not_set_is_empty() -> None:
    assert text_of("POOLJOBS_QUEUES", {"pooljobs_queues": "a"}) == ""


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(OptionError, match=r"^POOLJOBS_APP is not UTF-8$"):
        text_of("POOLJOBS_APP", {"POOLJOBS_APP": os.fsdecode(b"jobs\xff:app")})


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("PROCS", "8", 8),
        ("KEEP_HISTORY", "0", 0),
        ("POLL_INTERVAL", "1e1", 10.0),
        ("TIME_LIMIT", "0", 0.0),
        ("LOG_LEVEL", "INFO", "info"),
        ("POOLER", "Session", "session"),
        ("APP", "Shop.Jobs:app", "Shop.Jobs:app"),
        ("QUEUES", "a,b:3", "a,b:3"),
        *(("PRELOAD", text, True) for text in ("true", "True", "1", "YES", "on")),
        *(("LISTEN", text, False) for text in ("false", "FALSE", "0", "no", "off")),
    ],
)
def test_values(name: str, text: str, value: Any) -> None:
    found = value_of(f"POOLJOBS_{name}", text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("PROCS", "abc", "must be a whole number from 1 to 512, not 'abc'"),
        ("PROCS", "1e9", "must be a whole number from 1 to 512, not '1e9'"),
        ("PROCS", "1.5", "must be a whole number from 1 to 512, not '1.5'"),
        ("PROCS", "0", "must be at least 1, not 0"),
        ("PROCS", "513", "must be at most 512, not 513"),
        ("POLL_INTERVAL", "nan", "must be at least 0.01, not nan"),
        ("POLL_INTERVAL", "5s", "must be a number from 0.01 to 604800, not '5s'"),
        ("TIME_LIMIT", "none", "must be a number from 0.001 to 3155760000, or 0, not 'none'"),
        ("PRELOAD", "maybe", "must be true or false, not 'maybe'"),
        ("LOG_JOBS", "some", "must be one of none, failed, all, not 'some'"),
        ("PROCS", "x" * 1000, "must be a whole number from 1 to 512"),
        ("PROCS", "9" * 5000, "must be a whole number from 1 to 512"),
    ],
)
def test_what_is_wrong_is_told_with_what_it_should_be(name: str, text: str, message: str) -> None:
    with pytest.raises(OptionError) as refused:
        value_of(f"POOLJOBS_{name}", text)
    assert str(refused.value) == f"POOLJOBS_{name} {message}"


def test_a_fleet_of_somebodys_own_gets_no_setting_and_all_else() -> None:
    others = {"POOLJOBS_DSN": "dbname=x", "POOLJOBS_DATA_DIR": "/srv", "PATH": "/bin", "POOLJOBS_CHAOS_DSN": "dbname=y"}
    assert without_settings({**dict.fromkeys(by_variable(), "1"), **others}) == others
