from __future__ import annotations

import json
import logging
import os
import socket
from contextvars import copy_context
from datetime import datetime, timedelta
from typing import Any

import pytest

from pooljobs.handler.context import entered
from pooljobs.job.secret_values import hide_values
from pooljobs.logs import name_process
from pooljobs.logs.json_lines import EVERY_LINE, JsonFormatter
from tests.support.hostile_text import HOSTILE, harm
from tests.unit.logs.records import JOB, record, record_of_error


def formatted(made: logging.LogRecord) -> dict[str, Any]:
    line = JsonFormatter().format(made)
    assert "\n" not in line
    fields = json.loads(line)
    assert isinstance(fields, dict)
    return fields


def test_the_fields_of_every_line() -> None:
    name_process("steward")
    fields = formatted(record("took %s", "3"))
    when = datetime.fromisoformat(fields.pop("ts"))
    assert when.utcoffset() == timedelta(0)
    assert fields == {
        "level": "info",
        "logger": "pooljobs.worker",
        "process": "steward",
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "message": "took 3",
    }
    assert ["ts", *fields] == list(EVERY_LINE)


def test_a_line_from_within_a_job_carries_it() -> None:
    with entered(JOB):
        fields = formatted(record("sent", name="shop"))
    assert (fields["job_id"], fields["job_type"], fields["trace_id"]) == (str(JOB.id), "send", "req-1")
    assert "job_id" not in formatted(record("sent"))


def test_extra_fields_come_along_but_never_replace_the_records_own() -> None:
    fields = formatted(record("x", extra={"customer": 7, "level": "mine", "when": timedelta(seconds=1)}))
    assert fields["customer"] == 7
    assert fields["level"] == "info"
    assert fields["when"] == "datetime.timedelta(seconds=1)"


def test_an_extra_job_id_wins_over_the_jobs_own() -> None:
    with entered(JOB):
        assert formatted(record("x", extra={"job_id": "other"}))["job_id"] == "other"


def test_an_exception_is_one_field() -> None:
    assert formatted(record_of_error(KeyError("k")))["exception"].endswith("KeyError: 'k'")


class Unprintable:
    def __repr__(self) -> str:
        raise LookupError


def nested(levels: int) -> list[object]:
    return [nested(levels - 1)] if levels else []


@pytest.mark.parametrize(
    "strange", ["\ud800", 2**70, 10**9000, {1: {2, 3}}, float("nan"), Unprintable(), nested(600)], ids=range(7)
)
def test_what_orjson_refuses_is_written_all_the_same(strange: object) -> None:
    fields = formatted(record("x", extra={"strange": strange}))
    assert fields["message"] == "x"
    assert "strange" in fields


def test_a_line_is_one_line_for_every_reader_and_obeyed_by_no_terminal() -> None:
    for made in (record(HOSTILE, extra={HOSTILE: HOSTILE}), record(HOSTILE, extra={"odd": "\ud800"})):
        line = JsonFormatter().format(made)
        assert (harm(line), line.splitlines()) == ([], [line])
        assert json.loads(line)["message"] == HOSTILE


def test_a_secret_value_is_masked_where_it_is_told_and_the_line_stays_json() -> None:
    def told() -> list[dict[str, Any]]:
        hide_values({"token": ["info", "hunter2", os.getpid() + 10**6, '"message":']}, {"token"})
        extra = {"given": {"key": "hunter2"}, "plain": "of hunter2", "number": os.getpid() + 10**6, "other": [1]}
        return [formatted(record("with %s", "hunter2", extra=extra)), formatted(record_of_error(ValueError("hunter2")))]

    first, second = copy_context().run(told)
    assert (first["message"], first["level"], first["pid"]) == ("with ***", "info", os.getpid())
    assert (first["given"], first["plain"], first["number"]) == ("{'key': '***'}", "of ***", "***")
    assert first["other"] == [1]
    assert second["exception"].endswith("ValueError: ***")
