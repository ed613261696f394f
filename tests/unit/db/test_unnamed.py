from __future__ import annotations

import pytest

from pooljobs.db.unnamed import MOST, lookalikes, refuse_service_file, refuse_services, warning
from pooljobs.errors import RefusedError

SECRET = "postgresql://me:s3cret@db/shop"


@pytest.mark.parametrize(
    "name",
    [
        "DATABASE_URI", "DATBASE_URL", "DATABSE_URL", "DATABASEURL", "DATABASE_ULR", "DATABASE_DSN", "database_url",
        "Database-Url", "DB_URL", "POSTGRES_URL", "POSTGRES_HOST", "POSTGRESQL_URI", "PG_DSN", "SHOP_DATABASE_URL",
        "SQLALCHEMY_DATABASE_URI", "POOLJOBS_DNS", "POOLJOBS_DATABASE_URL", "POOLJOB_DSN", "PGDATABASE", "PGPORT",
    ],
)  # fmt: skip
def test_what_may_have_been_meant_is_named(name: str) -> None:
    assert lookalikes({name: "x", "PATH": "/bin", "HOME": "/root"}) == [name]
    assert lookalikes({name: " "}) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PATH", "/usr/bin"),
        ("POOLJOBS_DATA_DIR", "/data"),
        ("POOLJOBS_PG_BINDIR", "/bin"),
        ("POOLJOBS_PG_USER", "me"),
        ("REDIS_URL", "redis://localhost"),
        ("DB_URL", "mysql://localhost/shop"),
        ("PGUSERS", "x"),
        ("DATABASE_URL", SECRET),
        ("POOLJOBS_TEST_DSN", SECRET),
    ],
)
def test_what_is_something_else_is_not(name: str, value: str) -> None:
    assert lookalikes({name: value}) == []


def test_a_value_gives_it_away_under_any_name() -> None:
    assert lookalikes({"HEROKU_COBALT": SECRET, "X": "'postgres://u@h/d'"}) == ["HEROKU_COBALT", "X"]


def test_the_likeliest_come_first_and_not_all() -> None:
    many = {f"DB_HOST_{number}": "x" for number in range(20)}
    found = lookalikes({**many, "DATBASE_URL": "x", "MAIN": SECRET})
    assert found[:2] == ["MAIN", "DATBASE_URL"]
    assert len(found) == MOST


def test_under_a_manager_it_is_refused_with_what_was_missing_and_no_value() -> None:
    with pytest.raises(RefusedError) as caught:
        refuse_services({"KUBERNETES_SERVICE_HOST": "10.9.8.7", "DATABASE_URI": SECRET, "DATABASE_URL": ""})
    told = f"{caught.value} {caught.value.hint}"
    assert "under Kubernetes (KUBERNETES_SERVICE_HOST is set)" in told
    assert "DATABASE_URL is empty" in told
    assert "DATABASE_URI is set: was that meant?" in told
    assert "--embedded" in told
    assert "POOLJOBS_DSN=embedded" in told
    assert "s3cret" not in told
    assert "10.9.8.7" not in told
    with pytest.raises(RefusedError, match="DATABASE_URL is not set"):
        refuse_services({"NOTIFY_SOCKET": "@x"})
    refuse_services({"DATABASE_URI": SECRET})


def test_elsewhere_a_warning_says_the_same_in_a_few_words() -> None:
    assert warning({}) == "no database is named"
    told = warning({"DATABASE_URL": "", "DATBASE_URL": SECRET, "PGPORT": "5433"})
    assert told == (
        "no database is named (DATABASE_URL is empty; DATBASE_URL and PGPORT are set: was one of them meant?)"
    )


def test_a_service_of_libpq_is_nothing_to_pass_over() -> None:
    with pytest.raises(RefusedError, match="PGSERVICE is set") as caught:
        refuse_service_file({"PGSERVICE": "shop"})
    assert caught.value.hint == "unset PGSERVICE to use the embedded server"
    refuse_service_file({"PGHOST": "db"})
