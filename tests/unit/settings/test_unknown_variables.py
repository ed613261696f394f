"""A variable that means nothing is told, with the one that may have been meant; those that mean something are not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pooljobs.settings.unknown_variables import ELSEWHERE, unknown
from pooljobs.settings.variables import by_variable

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("POOLJOBS_PROC", "POOLJOBS_PROCS"),
        ("POOLJOBS_QUEUE", "POOLJOBS_QUEUES"),
        ("POOLJOBS_SHCEMA", "POOLJOBS_SCHEMA"),
        ("POOLJOBS_LOGLEVEL", "POOLJOBS_LOG_LEVEL"),
        ("POOLJOBS_NO_LISTEN", "POOLJOBS_LISTEN"),
        ("POOLJOBS_WORKERS", "POOLJOBS_PROCS"),
        ("POOLJOBS_DATABASE_URL", "POOLJOBS_DSN"),
        ("POOLJOBS_DNS", "POOLJOBS_DSN"),
        ("POOLJOBS_EMBEDDED", "POOLJOBS_DSN=embedded"),
        ("pooljobs_procs", "POOLJOBS_PROCS"),
        ("Pooljobs_Data_Dir", "POOLJOBS_DATA_DIR"),
    ],
)
def test_a_likely_one_is_named(name: str, meant: str) -> None:
    assert list(unknown({name: "s3cret"})) == [
        f"{name} is no variable of pooljobs, and has no effect: is {meant} meant?"
    ]


def test_what_is_like_none_is_told_all_the_same() -> None:
    assert list(unknown({"POOLJOBS_XYZZY": "1"})) == ["POOLJOBS_XYZZY is no variable of pooljobs, and has no effect"]


@pytest.mark.parametrize(
    "name",
    [
        "POOLJOBS_SERVICE_HOST",
        "POOLJOBS_SERVICE_PORT",
        "POOLJOBS_SERVICE_PORT_HTTP",
        "POOLJOBS_PORT",
        "POOLJOBS_PORT_80_TCP",
        "POOLJOBS_WEB_PORT_80_TCP_ADDR",
        "POOLJOBS_WEB_SERVICE_HOST",
        "pooljobs_home_of_mine",
        "POOLJOBS",
        "MY_POOLJOBS_PROCS",
        *by_variable(),
        *ELSEWHERE,
    ],
)
def test_what_has_a_meaning_or_is_somebody_elses_is_not_told(name: str) -> None:
    assert list(unknown({name: "1"})) == []


def test_every_variable_that_the_code_and_its_tests_read_is_known() -> None:
    reads = re.compile(r"""(?:environ(?:\.get\(|\[)|_VARIABLE: Final = |getenv\()f?["'](POOLJOBS_[A-Z_]+)["']""")
    roots = ("shared", "worker", "supervisor", "tests", "examples", "bench")
    texts = [path.read_text() for root in roots for path in (ROOT / root).rglob("*.py")]
    found = {name for text in texts for name in reads.findall(text)}
    assert found >= {"POOLJOBS_DSN", "POOLJOBS_TEST_DSN", "POOLJOBS_DATA_DIR", "POOLJOBS_BENCH_SOCKET"}
    assert list(unknown(dict.fromkeys(found, "1"))) == []
