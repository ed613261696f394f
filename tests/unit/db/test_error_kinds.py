from __future__ import annotations

from typing import Final

import psycopg
import pytest
from psycopg_pool import PoolClosed, PoolTimeout

from pooljobs.db.error_kinds import KINDS, ErrorKind, kind_of, passes

AWAY, AGAIN, REFUSED = ErrorKind.AWAY, ErrorKind.AGAIN, ErrorKind.REFUSED
CASES: Final = {
    "08000": ("08", AWAY),
    "08006": ("08", AWAY),
    "08P01": ("08", AWAY),
    "25006": ("25006", AWAY),
    "25P03": ("25P03", AWAY),
    "25P04": ("25P04", AWAY),
    "40001": ("40001", AGAIN),
    "40P01": ("40P01", AGAIN),
    "53100": ("53100", AWAY),
    "53300": ("53300", AWAY),
    "55P03": ("55P03", AGAIN),
    "57P01": ("57P", AWAY),
    "57P02": ("57P", AWAY),
    "57P03": ("57P", AWAY),
    "57P04": ("57P", AWAY),
    "57P05": ("57P", AWAY),
    "58000": ("58000", AWAY),
    "58030": ("58030", AWAY),
    # What psycopg calls operational too, and is none:
    "25P02": (None, REFUSED),  # a statement in a transaction that has failed
    "28000": (None, REFUSED),
    "40002": (None, REFUSED),
    "53200": (None, REFUSED),  # out of memory
    "53400": (None, REFUSED),  # temp_file_limit
    "54000": (None, REFUSED),
    "54001": (None, REFUSED),
    "55000": (None, REFUSED),  # a published table without replica identity
    "55006": (None, REFUSED),
    "57000": (None, REFUSED),
    "57014": (None, REFUSED),  # statement_timeout, pg_cancel_backend
    "58P01": (None, REFUSED),  # an extension's library is missing
    # Others:
    "0A000": (None, REFUSED),
    "22P05": (None, REFUSED),
    "23514": (None, REFUSED),
    "3F000": (None, REFUSED),
    "42501": (None, REFUSED),
    "42883": (None, REFUSED),
    "42P01": (None, REFUSED),
    "P0001": (None, REFUSED),
    "XX000": (None, REFUSED),
}
"""Of each SQLSTATE: the table's row that decides, and what it is."""


def error_of(state: str | None, base: type[psycopg.Error] = psycopg.DatabaseError) -> psycopg.Error:
    """An error with this SQLSTATE, whatever psycopg takes it for."""
    made: type[psycopg.Error] = type("Made", (base,), {"sqlstate": state})
    return made("what was wrong")


@pytest.mark.hazard("Batches that overlap lock in different orders: a deadlock")
@pytest.mark.parametrize(("state", "expected"), [(state, kind) for state, (_, kind) in CASES.items()])
def test_the_sqlstate_decides(state: str, expected: ErrorKind) -> None:
    for base in (psycopg.DatabaseError, psycopg.OperationalError, psycopg.InternalError):
        assert kind_of(error_of(state, base)) is expected
    assert passes(error_of(state)) is (expected is not REFUSED)


def test_each_row_of_the_table_has_a_case_and_each_case_its_row() -> None:
    assert {row for row, _ in CASES.values() if row} == KINDS.keys()
    for state, (row, kind) in CASES.items():
        assert [each for each in KINDS if state.startswith(each)] == ([row] if row else [])
        assert row is None or KINDS[row] is kind


@pytest.mark.parametrize(
    "error",
    [
        psycopg.OperationalError("server closed the connection unexpectedly"),
        psycopg.InterfaceError("the connection is lost"),
        PoolTimeout("couldn't get a connection"),
        PoolClosed("the pool is closed"),
    ],
    ids=repr,
)
def test_without_a_sqlstate_the_connection_is_lost(error: psycopg.Error) -> None:
    assert kind_of(error) is AWAY


@pytest.mark.parametrize("error", [psycopg.ProgrammingError("two results"), psycopg.DataError("NUL")], ids=repr)
def test_what_psycopg_cannot_do_is_a_bug_of_its_caller(error: psycopg.Error) -> None:
    assert kind_of(error) is ErrorKind.MISUSE
    assert not passes(error)


def test_nothing_else_passes_by_itself() -> None:
    assert not passes(ValueError("away"))
