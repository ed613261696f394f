from __future__ import annotations

import logging
import re

from pooljobs.handler.context import entered
from pooljobs.logs import name_process
from pooljobs.logs.text import TextFormatter
from tests.unit.logs.records import JOB, record, record_of_error

PLAIN = TextFormatter(colour=False)


def test_a_line_has_time_level_process_and_message() -> None:
    name_process("worker-1")
    line = PLAIN.format(record("claimed %d jobs", 3))
    assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3} INFO  worker-1   claimed 3 jobs", line)


def test_loggers_of_others_are_named() -> None:
    assert PLAIN.format(record("GET /", name="httpx")).endswith(" httpx: GET /")
    assert PLAIN.format(record("GET /", name="pooljobsy")).endswith(" pooljobsy: GET /")


def test_a_line_from_within_a_job_says_which() -> None:
    with entered(JOB):
        inside = PLAIN.format(record("sent"))
    assert inside.endswith("sent [send 00000000-0000-0000-0000-000000000007 trace req-1]")
    assert PLAIN.format(record("sent")).endswith(" sent")


def test_a_message_that_names_its_job_is_not_told_twice() -> None:
    with entered(JOB):
        assert PLAIN.format(record("job %s failed", JOB.id)).endswith(f"job {JOB.id} failed")


def test_a_traceback_follows_the_line() -> None:
    first, *rest = PLAIN.format(record_of_error(ValueError("no"))).split("\n")
    assert first.endswith("app: it broke")
    assert rest[0] == "Traceback (most recent call last):"
    assert rest[-1] == "ValueError: no"


def test_colour_adds_nothing_but_escapes() -> None:
    made = record("careful", level=logging.WARNING)
    coloured = TextFormatter(colour=True).format(made)
    assert "\x1b[33m" in coloured
    assert re.sub(r"\x1b\[\d+m", "", coloured) == PLAIN.format(made)


def test_arguments_that_do_not_fit_are_told_not_raised() -> None:
    assert PLAIN.format(record("%d jobs", "x")).endswith("%d jobs (arguments do not fit: TypeError)")
