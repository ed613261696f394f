"""Benchmarks delete jobs: only those of a pooljobs that they made themselves."""

from __future__ import annotations

import psycopg
import pytest
from bench.places import database

from pooljobs.errors import OptionError


def test_a_database_with_somebodys_pooljobs_in_it_is_refused(dsn: str) -> None:
    with pytest.raises(OptionError, match="delete all jobs"), database(dsn):
        pass


def test_one_without_is_marked_and_taken_again(empty_dsn: str) -> None:
    for _ in range(2):
        with database(empty_dsn) as found, psycopg.connect(found) as connection:
            assert connection.execute("SELECT count(*) FROM pooljobs.live").fetchone() == (0,)
