"""What is said of a job that ended, to people and to machines, and that saying it decides nothing."""

from __future__ import annotations

import json
import logging
import socket
from typing import Any, NoReturn

import pytest

from pooljobs import PoolJobs
from pooljobs.job.verdict import Verdict
from pooljobs.logs.job_log import FIELDS, JobEvent, JobLog
from pooljobs.logs.json_lines import EVERY_LINE, JsonFormatter
from pooljobs.logs.text import TextFormatter
from tests.support.hostile_text import HOSTILE, harm
from tests.unit.logs.records import JOB
from tests.unit.worker.dispatching import dispatching

app = PoolJobs()


@app.job(retry_policy="none")
def boom(how: str) -> None:
    raise LookupError(f"no {how}\nsecond line")


@app.job
def fine() -> None:
    return


@app.job
def again() -> None:
    raise LookupError("once more")


class Kept(logging.Handler):
    """Keeps what it is given, as a service's integration would see it."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture
def kept() -> Any:
    log, handler = logging.getLogger("test"), Kept()
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    yield handler.records
    log.removeHandler(handler)
    log.setLevel(logging.NOTSET)


def run(job_type: str, payload: object = None, *, log_jobs: str = "failed", unknown_after: float = 600.0) -> Verdict:
    with dispatching(app, log_jobs=log_jobs, unknown_after=unknown_after) as world:
        return world.run(world.claimed(job_type, payload), 1).verdict


def test_a_final_failure_is_an_error_with_what_was_raised_in_the_handlers_own_frames(
    kept: list[logging.LogRecord],
) -> None:
    assert run("boom", {"how": "way"}) is Verdict.FAILED
    (record,) = kept
    assert record.levelno == logging.ERROR
    assert record.exc_info
    kind, error, trail = record.exc_info
    assert kind is LookupError
    assert str(error) == "no way\nsecond line"
    assert trail is not None
    assert trail.tb_frame.f_code is boom.function.__code__


def test_a_line_is_safe_in_the_applications_own_format_too(kept: list[logging.LogRecord]) -> None:
    run("boom", {"how": "\x1b[2J\u2028"})
    run(HOSTILE, {}, unknown_after=0)
    messages = [record.getMessage() for record in kept]
    assert [harm(message) for message in messages] == [[], []]
    assert "\n" not in "".join(messages)


def test_text_tells_the_headline_alone_and_json_the_traceback(kept: list[logging.LogRecord]) -> None:
    run("boom", {"how": "way"})
    logging.Formatter().format(kept[0])  # another handler's, which leaves the traceback in the record
    assert "\n" not in TextFormatter(colour=False).format(kept[0])
    line = json.loads(JsonFormatter().format(kept[0]))
    assert "LookupError: no way second line" in line["message"]
    assert line["exception"].startswith("Traceback (most recent call last)")


def test_the_line_of_a_failure_has_each_field_of_the_contract(kept: list[logging.LogRecord]) -> None:
    run("boom", {"how": "way"})
    line = json.loads(JsonFormatter().format(kept[0]))
    assert set(line) == {*EVERY_LINE, *FIELDS} - {"trace_id", "stack"}
    assert (line["event"], line["level"], line["error_type"]) == ("job_failed", "error", "LookupError")
    assert (line["job_type"], line["queue"], line["attempt"], line["max_retries"]) == ("boom", "default", 1, 1)
    assert line["host"] == socket.gethostname()
    assert line["duration_ms"] > 0


@pytest.mark.parametrize(
    ("job_type", "payload", "unknown_after", "verdict"),
    [
        ("boom", {"how": "x"}, 600, Verdict.FAILED),
        ("boom", {"nothing": "fits"}, 0, Verdict.FAILED),
        ("nobody knows", {}, 0, Verdict.FAILED),
    ],
)
def test_however_a_job_fails_for_good_it_is_an_error(
    job_type: str, payload: object, unknown_after: float, verdict: Verdict, kept: list[logging.LogRecord]
) -> None:
    assert run(job_type, payload, unknown_after=unknown_after) is verdict
    assert [(record.levelno, vars(record)["event"]) for record in kept] == [(logging.ERROR, "job_failed")]


def test_one_that_cannot_be_read_is_an_error_too(kept: list[logging.LogRecord]) -> None:
    with dispatching(app) as world:
        job = world.claimed("boom")
        job.unreadable = "not JSON"
        assert world.run(job, 1).verdict is Verdict.FAILED
    assert [record.levelno for record in kept] == [logging.ERROR]


def test_a_run_that_is_tried_again_is_told_at_info_with_what_was_raised(kept: list[logging.LogRecord]) -> None:
    assert run("again") is Verdict.RETRY
    assert [(record.levelno, vars(record)["event"]) for record in kept] == [(logging.INFO, "job_retried")]
    assert kept[0].exc_info


@pytest.mark.parametrize(
    ("log_jobs", "events"),
    [("none", []), ("failed", ["job_failed"]), ("all", ["job_completed", "job_failed"])],
)
def test_of_which_jobs_there_are_lines(log_jobs: str, events: list[str], kept: list[logging.LogRecord]) -> None:
    run("fine", log_jobs=log_jobs)
    run("boom", {"how": "x"}, log_jobs=log_jobs)
    assert [vars(record)["event"] for record in kept] == events


class Raising(logging.Filter):
    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self._error = error

    def filter(self, record: logging.LogRecord) -> NoReturn:
        raise self._error from ValueError(record)


@pytest.mark.hazard(
    "What is hung into logging raises, and decides what becomes of a job; or the application's own set-up is "
    "dropped, or doubles lines",
    closed="nothing gets out of the lines of jobs (`shared/pooljobs/logs/job_log.py`), nor of a worker's others "
    "(`shared/pooljobs/logs/safe_logger.py`); our handler stands aside for the import "
    "(`shared/pooljobs/logs/application_logging.py`)",
    area="output",
)
@pytest.mark.parametrize("error", [ValueError("broken"), SystemExit(3), KeyboardInterrupt()])
@pytest.mark.parametrize("job_type", ["fine", "again"])
def test_what_is_hung_into_logging_decides_nothing(error: BaseException, job_type: str) -> None:
    log, broken = logging.getLogger("test"), Raising(error)
    log.addFilter(broken)
    log.setLevel(logging.DEBUG)
    try:
        assert run(job_type, log_jobs="all") is (Verdict.COMPLETED if job_type == "fine" else Verdict.RETRY)
    finally:
        log.removeFilter(broken)
        log.setLevel(logging.NOTSET)


def test_fields_that_the_applications_record_factory_sets_too_do_not_lose_the_line(
    kept: list[logging.LogRecord],
) -> None:
    before = logging.getLogRecordFactory()

    def theirs(*arguments: Any, **others: Any) -> logging.LogRecord:
        record = before(*arguments, **others)
        record.trace_id, record.host = "theirs", "theirs"
        return record

    logging.setLogRecordFactory(theirs)
    try:
        JobLog(logging.getLogger("test"), "failed").tell(JobEvent.FAILED, JOB, "gone")
    finally:
        logging.setLogRecordFactory(before)
    assert [vars(record)["trace_id"] for record in kept] == ["req-1"]
