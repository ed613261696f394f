"""An application that sets up logging while it is imported: what it asks for holds, and no line comes twice."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import io, logging, logging.config, sys
from pooljobs import logs

{before}
logs.configure("text", "info")
with logs.room_for_application():
    log = logging.getLogger("shop")
    {during}
log.info("line one")
log.debug("line two")
logging.getLogger("pooljobs.worker").error("line three")
logs.flush()
"""

OURS = {"one": "shop: line one", "three": "line three"}

DICTIONARY = {
    "version": 1,
    "formatters": {"f": {"format": "OWN %(message)s"}},
    "handlers": {"h": {"class": "logging.StreamHandler", "formatter": "f"}},
    "root": {"level": "INFO", "handlers": ["h"]},
    "disable_existing_loggers": False,
}
CASES = {
    "nothing": ("pass", OURS),
    "a format": (
        "logging.basicConfig(format='OWN %(message)s', level=logging.DEBUG)",
        {"one": "OWN line one", "two": "OWN line two", "three": "OWN line three"},
    ),
    "to stdout": (
        "logging.basicConfig(format='OWN %(message)s', stream=sys.stdout)",
        {"one": "OWN line one", "three": "OWN line three"},
    ),
    "by force": (
        "logging.basicConfig(format='OWN %(message)s', force=True)",
        {"one": "OWN line one", "three": "OWN line three"},
    ),
    "only a level": (
        "logging.basicConfig(level=logging.DEBUG)",
        {"one": "shop: line one", "two": "shop: line two", "three": "line three"},
    ),
    "nothing in particular": ("logging.basicConfig()", OURS),
    "a line of the root logger's": ("logging.warning('early')", OURS),
    "elsewhere": ("logging.basicConfig(stream=io.StringIO())", OURS),
    "a handler of its own": (
        "logging.getLogger().addHandler(logging.StreamHandler())",
        {"one": "line one", "three": "line three"},
    ),
    "a dictionary, without root": ("logging.config.dictConfig({'version': 1})", OURS),
    "a dictionary": (
        f"logging.config.dictConfig({DICTIONARY})",
        {"one": "OWN line one", "three": "OWN line three"},
    ),
}


def lines(program: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=True
    )
    return done.stdout.decode().splitlines()


@pytest.mark.hazard("What is hung into logging raises")
@pytest.mark.parametrize("case", CASES)
def test_each_line_comes_once_as_the_application_asked(case: str) -> None:
    during, expected = CASES[case]
    if case == "a dictionary, without root":
        during += "; logging.getLogger('shop').disabled = False"
    printed = lines(PROGRAM.format(before="", during=during))
    for word in ("one", "two", "three"):
        found = [line for line in printed if line.endswith(f"line {word}")]
        assert len(found) == (word in expected), printed
        if word in expected:
            assert found[0].endswith(expected[word])
            assert ("worker" in found[0] or "pooljobs" in found[0]) == (
                "OWN" not in expected[word] and found[0] != f"line {word}"
            )


@pytest.mark.parametrize("format_", ["OWN %(message)s", None])
def test_what_was_set_up_before_ours_does_not_double_lines_either(format_: str | None) -> None:
    before = f"logging.basicConfig(format={format_!r}, level=logging.INFO)"
    printed = [line for line in lines(PROGRAM.format(before=before, during="pass")) if line.endswith("line one")]
    assert len(printed) == 1
    assert printed[0].startswith("OWN ") == (format_ is not None)


def test_lines_while_it_is_imported_are_not_lost() -> None:
    printed = lines(PROGRAM.format(before="", during="log.info('loading')"))
    assert [line for line in printed if line.endswith("shop: loading")]
