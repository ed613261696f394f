"""What is to be run where the schema is missing: a command that a shell takes as it is, without what is secret."""

from __future__ import annotations

import shlex

import psycopg
import pytest

from pooljobs.db.database import Database
from pooljobs.errors import NotMigratedError
from pooljobs_cli.command_database import migrating_told
from pooljobs_cli.migrate_hint import migrate_command

URL = "postgresql://me@db.example.com/shop?application_name=it's"


@pytest.mark.parametrize("source", ["POOLJOBS_DSN", "DATABASE_URL", "embedded"])
def test_what_the_next_command_finds_by_itself_is_not_repeated(source: str) -> None:
    assert migrate_command(Database("dbname=x password=s3cret", source), "pooljobs") == "pooljobs migrate"


def test_the_usual_schema_is_named_where_a_variable_names_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POOLJOBS_SCHEMA", "other")
    command = migrate_command(Database("dbname=x", "DATABASE_URL"), "pooljobs")
    assert command == "pooljobs migrate --schema pooljobs"


@pytest.mark.parametrize("source", ["--dsn", "PoolJobs(dsn=…) in shop:app"])
def test_a_dsn_that_was_named_is_repeated_as_it_was(source: str) -> None:
    words = shlex.split(migrate_command(Database(URL, source), "Odd name's"))
    assert words == ["pooljobs", "migrate", "--dsn", URL, "--schema", "Odd name's"]


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://me:s3cret@db.example.com/shop",
        "host=db.example.com dbname=shop user=me password=s3cret",
        "postgresql://me@db.example.com/shop?password=s3cret&sslpassword=s3cret",
    ],
)
def test_what_is_secret_in_it_is_left_out(dsn: str) -> None:
    command = migrate_command(Database(dsn, "--dsn"), "pooljobs")
    assert "s3cret" not in command
    variable, *words = shlex.split(command)
    assert variable == "PGPASSWORD=…"
    assert words[:3] == ["pooljobs", "migrate", "--dsn"]
    named = psycopg.conninfo.conninfo_to_dict(words[3])
    assert named == {"host": "db.example.com", "dbname": "shop", "user": "me"}


def test_only_a_hint_to_migrate_is_replaced() -> None:
    with pytest.raises(NotMigratedError) as told, migrating_told(Database("dbname=x", "--dsn"), "pooljobs"):
        raise NotMigratedError("too new", hint="upgrade pooljobs on this machine")
    assert told.value.hint == "upgrade pooljobs on this machine"


def test_a_table_that_is_missing_is_told_like_a_schema_that_is() -> None:
    with pytest.raises(NotMigratedError) as told, migrating_told(Database("dbname=x", "--dsn"), "jobs"):
        raise psycopg.errors.UndefinedTable("no live")
    assert told.value.hint == "run: pooljobs migrate --dsn dbname=x --schema jobs"
    assert isinstance(told.value.__cause__, psycopg.errors.UndefinedTable)
