"""The steward's chores where somebody's lock is in the way: what could not be done is done later."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from pooljobs.process.child import Child
from pooljobs.scoreboard import Role, Scoreboard
from pooljobs.settings import ServeSettings, WorkerSettings
from pooljobs_supervisor.steward.chores import Chores
from pooljobs_supervisor.steward.patience import LOCK_TIMEOUT
from tests.support.claims import claim, insert, register, scalar
from tests.support.waiting import wait_until

HELD = "SELECT count(*) FROM pooljobs.live WHERE worker_id IS NOT NULL"
DEAD = "SELECT count(*) FROM pooljobs.workers WHERE dead_at IS NOT NULL"


@pytest.fixture
def chores(dsn: str) -> Iterator[Chores]:
    settings = ServeSettings(dsn, app="", worker=WorkerSettings(job_timeout=1.0))
    with closing(Scoreboard.create(2, 10)) as board:
        board.slot(0).role = Role.STEWARD
        yield Chores(settings, Child(board, board.slot(0), -1, os.getppid()), logging.getLogger("test"))


def test_what_a_reaped_worker_held_is_given_back_though_the_table_was_locked_just_then(
    dsn: str, connection: Connection[Any], chores: Chores
) -> None:
    def done(query: str, number: int) -> bool:
        chores.run_due(connection)
        return bool(scalar(connection, query) == number)

    worker = register(connection, job_timeout=1.0)
    connection.execute(LOCK_TIMEOUT)
    insert(connection, 3)
    assert claim(connection, worker)
    chores.run_due(connection)
    assert scalar(connection, HELD) == 3
    with psycopg.connect(dsn) as other:
        other.execute("LOCK TABLE pooljobs.history, pooljobs.live IN SHARE MODE")
        wait_until(lambda: done(DEAD, 1), what="the worker to be reaped")
        assert scalar(connection, HELD) == 3
    wait_until(lambda: done(HELD, 0), what="its jobs to be given back")
