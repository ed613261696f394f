from __future__ import annotations

import logging

import psycopg
import pytest
from psycopg import errors as pg

from pooljobs.db.refusal_log import RefusalLog

LOG = logging.getLogger("test")


def of(error: psycopg.Error, statement: str) -> psycopg.Error:
    error.add_note(f"in {statement}")
    return error


def test_each_kind_is_logged_once_and_again_after_a_while(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals = RefusalLog(LOG)
    for number in range(3):
        refusals.refused(of(pg.InsufficientPrivilege(f"denied {number}"), "a.sql"), "so")
        refusals.refused(of(pg.InsufficientPrivilege("denied"), "b.sql"), "so")
        refusals.refused(of(pg.QueryCanceled("cancelled"), "a.sql"), "so")
    lines = [
        "the database refused: denied 0 (in a.sql); so",
        "the database refused: denied (in b.sql); so",
        "the database refused: cancelled (in a.sql); so",
    ]
    assert [record.message for record in caplog.records] == lines
    monkeypatch.setattr("pooljobs.db.refusal_log.REMINDED_EVERY", 0.0)
    refusals.refused(of(pg.QueryCanceled("cancelled"), "a.sql"), "so")
    assert [record.message for record in caplog.records] == [*lines, lines[-1]]


def test_what_is_of_no_interest_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    RefusalLog(LOG, unless=lambda: True).refused(pg.QueryCanceled("cancelled"), "so")
    assert not caplog.records
