"""Whatever is hung into logging: a line is written or lost, and nothing is raised."""

from __future__ import annotations

import logging
from typing import Any, NoReturn

import pytest

from pooljobs.logs.safe_logger import SafeLogger


class Broken(logging.Handler):
    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self._error = error

    def emit(self, record: logging.LogRecord) -> NoReturn:
        raise self._error from ValueError(record)


@pytest.mark.parametrize("error", [ConnectionError("the service is away"), SystemExit(1), KeyboardInterrupt()])
def test_a_handler_that_raises_loses_its_line_alone(error: BaseException) -> None:
    named, broken = logging.getLogger("test.safe"), Broken(error)
    named.addHandler(broken)
    try:
        with pytest.raises(type(error)):
            named.error("through the ordinary one")
        SafeLogger("test.safe").error("through this one")
    finally:
        named.removeHandler(broken)


def test_a_record_factory_that_raises(caplog: pytest.LogCaptureFixture) -> None:
    before = logging.getLogRecordFactory()

    def broken(*_: Any, **__: Any) -> NoReturn:
        raise LookupError("no request here")

    logging.setLogRecordFactory(broken)
    try:
        SafeLogger("test.safe").error("lost")
    finally:
        logging.setLogRecordFactory(before)
    SafeLogger("test.safe").error("told")
    assert caplog.messages == ["told"]


def test_level_and_filters_of_the_logger_of_its_name_hold(caplog: pytest.LogCaptureFixture) -> None:
    named = logging.getLogger("test.safe")
    caplog.set_level(logging.WARNING, "test.safe")
    log = SafeLogger("test.safe")
    log.info("too quiet")
    log.warning("told of %s", "this")
    named.addFilter(refuse := lambda _record: False)
    log.error("filtered")
    named.removeFilter(refuse)
    assert caplog.messages == ["told of this"]
    assert [record.funcName for record in caplog.records] == ["test_level_and_filters_of_the_logger_of_its_name_hold"]
