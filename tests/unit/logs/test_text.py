from __future__ import annotations

import logging
import re
from uuid import UUID

from pooljobs.handler.context import JobContext, entered
from pooljobs.logs import name_process
from pooljobs.logs.text import TextFormatter
from tests.support.hostile_text import HOSTILE, harm
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
    assert rest[0] == "    Traceback (most recent call last):"
    assert rest[-1] == "    ValueError: no"


def test_nobody_else_writes_a_record_or_reaches_the_terminal() -> None:
    job = JobContext(UUID(int=7), HOSTILE, HOSTILE, attempt=1, max_retries=3, trace_id=HOSTILE)
    odd = record(HOSTILE, name=HOSTILE)
    odd.levelname, odd.stack_info = HOSTILE, HOSTILE
    with entered(job):
        for made in (record("%s", HOSTILE), record(HOSTILE, name="shop"), record_of_error(ValueError(HOSTILE)), odd):
            first, *rest = PLAIN.format(made).split("\n")
            assert harm("\n".join([first, *rest])) == []
            assert all(line.startswith("    ") for line in rest)


def test_a_message_of_our_own_is_one_line_and_one_of_others_keeps_its_own() -> None:
    assert PLAIN.format(record("job of %s", "a\nb")).endswith(r"job of a\nb")
    assert PLAIN.format(record("SELECT 1\nFROM x", name="sqlalchemy")).endswith("sqlalchemy: SELECT 1\n    FROM x")


class Unprintable:
    def __str__(self) -> str:
        raise LookupError


def test_a_message_that_cannot_be_printed_is_told_by_its_class() -> None:
    assert PLAIN.format(record(Unprintable())).endswith("<Unprintable> (arguments do not fit: LookupError)")


def test_colour_adds_nothing_but_escapes() -> None:
    made = record("careful", level=logging.WARNING)
    coloured = TextFormatter(colour=True).format(made)
    assert "\x1b[33m" in coloured
    assert re.sub(r"\x1b\[\d+m", "", coloured) == PLAIN.format(made)


def test_arguments_that_do_not_fit_are_told_not_raised() -> None:
    assert PLAIN.format(record("%d jobs", "x")).endswith("%d jobs (arguments do not fit: TypeError)")
