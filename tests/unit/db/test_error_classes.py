from __future__ import annotations

import psycopg
import pytest
from psycopg import errors as pg

from pooljobs.db.error_classes import refused, refuses_payload, too_large, unreachable

TOO_LARGE = [
    pg.ProgramLimitExceeded("string buffer exceeds maximum allowed length (1073741823 bytes)"),
    pg.StatementTooComplex("stack depth limit exceeded"),
    pg.OutOfMemory("out of memory"),
    pg.ConfigurationLimitExceeded("temporary file size exceeds temp_file_limit"),
    pg.InternalError_("invalid memory alloc request size 1073741824"),
]
OTHERS = [
    pg.DiskFull("could not extend file"),
    pg.TooManyConnections("sorry, too many clients already"),
    pg.AdminShutdown("terminating connection"),
    pg.DeadlockDetected("deadlock detected"),
    pg.InternalError_("could not open relation with OID 1"),
    psycopg.OperationalError("server closed the connection unexpectedly"),
    ValueError("out of memory"),
]


@pytest.mark.parametrize("error", TOO_LARGE, ids=repr)
def test_less_of_it_may_pass(error: Exception) -> None:
    assert too_large(error)


@pytest.mark.parametrize("error", OTHERS, ids=repr)
def test_less_of_it_would_not_pass(error: Exception) -> None:
    assert not too_large(error)


def test_a_server_short_of_memory_refuses_no_payload() -> None:
    assert [refuses_payload(error) for error in TOO_LARGE] == [True, True, False, False, True]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("could not create socket: Too many open files", "ulimit -n"),
        ("sorry, too many clients already", "max_connections"),
        ("local user with ID 54321 does not exist", "PGUSER"),
    ],
)
def test_the_hint_says_whose_limit_it_is(text: str, hint: str) -> None:
    assert hint in str(unreachable(psycopg.OperationalError(text), "the database").hint)


def test_who_met_another_one_is_not_sent_to_look_at_the_schema() -> None:
    hint = str(refused(pg.DeadlockDetected("deadlock detected")).hint)
    assert hint.startswith("nothing was done")
    assert "migrate" not in hint
    assert "pg_locks" in str(refused(pg.LockNotAvailable("lock timeout")).hint)
