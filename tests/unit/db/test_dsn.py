"""Of a connection string that is refused nothing is told, and one that libpq would misread is refused."""

from __future__ import annotations

import importlib
import pkgutil
import traceback
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict

import pooljobs
import pooljobs_cli
import pooljobs_steward
import pooljobs_supervisor
import pooljobs_worker
from pooljobs.application.app import PoolJobs
from pooljobs.db.dsn import ResolvedDsn, resolve
from pooljobs.errors import OptionError, PoolJobsError
from pooljobs.settings import ServeSettings

FORMS = [
    "postgresql://u:Alpha@Beta@localhost:1/shop",
    "postgresql://u:Alpha/Beta@localhost:1/shop",
    "postgres://u:Alpha@Be/ta@localhost:1/shop",
    "postgresql://u:Al:pha@Beta@localhost:1/shop",
    "postgresql://u:Alpha@Beta@localhost?application_name=x",
    "postgresql://u:Alpha/Beta",
    "postgresql://u:Alpha",
    "postgresql://u:Alpha&Beta@x@localhost:1/shop",
    "postgresql://me@Alpha:Beta@localhost:1/shop",
    "postgresql://u:Alpha%Beta@localhost:1/shop",
    "postgresql://u:Alpha Beta@localhost:1/shop",
    "postgresql://u:a,Alpha@Beta,b@localhost:1/shop",
    "postgresql://u:Alpha?Beta/x@localhost:1/shop",
    "postgresql://u:x@[Alpha@localhost:1/shop",
    "postgresql+psycopg://u:Alpha@Beta@localhost:1/shop",
    "mysql://u:Alpha@localhost/shop?Beta=1",
    "u:Alpha@localhost/shop",
    "host=localhost password=x Alpha",
    "host=localhost password='Alpha Beta",
    "host=localhost password=x Alpha=Beta",
    "postgresql://u:Alpha\udcff@localhost/shop",
]


@pytest.mark.hazard(
    "An error of libpq's names a part of the password",
    closed="a URL that is not percent-encoded is refused, and nothing of it is told "
    "(`shared/pooljobs/db/dsn_forms.py`, `shared/pooljobs/db/dsn.py`)",
    area="output",
)
@pytest.mark.parametrize("dsn", FORMS)
def test_no_part_of_a_password_is_told(dsn: str) -> None:
    with pytest.raises(OptionError) as raised:
        resolve(dsn)
    error: BaseException | None = raised.value
    assert isinstance(error, PoolJobsError)
    told = "".join(traceback.format_exception(error)).partition("OptionError")[2] + repr(error)
    assert "--dsn is not a PostgreSQL connection string" in told
    assert str(error.hint) in told
    assert not any(part in told for part in ("Alpha", "Beta", "ta@", "pha"))
    assert error.__cause__ is error.__context__ is None


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://u:p%40ss%2Fword%3A%25@localhost:5432/shop",
        "postgresql://u@localhost/shop?user=me@tenant&options=-c%20x%3D1",
        "postgresql://u:a:b?c#d@[::1]:5432,other:5433/shop",
        "postgresql:///shop?host=/run/postgresql",
        "host=localhost password='p@ss/word'",
        "postgresql://localhost:5432,:5433/shop",
        "service=shop",
    ],
)
def test_what_libpq_reads_as_it_was_meant_is_taken(dsn: str) -> None:
    assert conninfo_to_dict(str(resolve(dsn).dsn)) == conninfo_to_dict(dsn)


def test_nothing_is_told_of_an_applications_own_either() -> None:
    with pytest.raises(OptionError) as raised, PoolJobs(FORMS[0]) as app:
        app.enqueue("x")
    assert "Alpha" not in "".join(traceback.format_exception(raised.value)).partition("OptionError")[2]


def _dataclasses() -> Iterator[Any]:
    for package in (pooljobs, pooljobs_cli, pooljobs_steward, pooljobs_supervisor, pooljobs_worker):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            alone = found.name.endswith(("__main__", "chaos.proxy", "chaos.application.deployed"))
            if not alone and "contrib.django" not in found.name:  # which wants a project
                module = importlib.import_module(found.name)
                yield from (each for each in vars(module).values() if isinstance(each, type) and is_dataclass(each))


def test_no_repr_shows_a_connection_string() -> None:
    shown = {
        f"{cls.__qualname__}.{field.name}"
        for cls in _dataclasses()
        for field in fields(cls)
        if "dsn" in field.name and field.repr
    }
    assert shown == set()
    assert "secret" not in repr(ServeSettings(dsn="postgresql://u:secret@h/db", app="a:b"))


@pytest.mark.parametrize(
    ("environ", "dsn", "source"),
    [
        ({"PGHOST": "/run/postgresql", "PGDATABASE": "shop"}, "host=/run/postgresql", "PGHOST"),
        ({"PGHOSTADDR": "10.0.0.1"}, "hostaddr=10.0.0.1", "PGHOSTADDR"),
        ({"PGSERVICE": "my shop", "PGHOST": "db"}, "service='my shop'", "PGSERVICE"),
        ({"PGHOST": "db", "DATABASE_URL": "postgresql://other"}, "postgresql://other", "DATABASE_URL"),
        ({"PGHOST": " ", "PGPORT": "5433"}, None, "embedded"),
    ],
)
def test_a_server_that_libpqs_variables_name_is_named(environ: dict[str, str], dsn: str | None, source: str) -> None:
    found = resolve(None, environ)
    assert (found.dsn, found.source) == (dsn, source)
    assert found.asked is (dsn is not None)


def test_the_embedded_server_can_be_asked_for() -> None:
    named = {"DATABASE_URL": "postgresql://other", "PGHOST": "db"}
    assert resolve("embedded", named) == ResolvedDsn(None, "--dsn")
    assert resolve(None, {**named, "POOLJOBS_DSN": "'embedded'"}) == ResolvedDsn(None, "POOLJOBS_DSN")
    assert resolve(None, {"DATABASE_URL": " embedded "}) == ResolvedDsn(None, "DATABASE_URL")
    assert resolve(None, {"DATABASE_URL": " "}) == ResolvedDsn(None, "embedded", asked=False)
