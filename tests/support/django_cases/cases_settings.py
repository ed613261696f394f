"""From ``settings`` to a place for jobs."""

from __future__ import annotations

from typing import Any
from unittest import mock

from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connections
from django.test import SimpleTestCase, override_settings
from django.utils.connection import ConnectionDoesNotExist
from psycopg.conninfo import conninfo_to_dict

from pooljobs import OptionError
from pooljobs.contrib.django import app, project_settings

PG = "django.db.backends.postgresql"


def dsn_of(**database: Any) -> dict[str, Any]:
    handler = type(connections)({"default": {"ENGINE": PG, **database}})
    with mock.patch.object(project_settings, "connections", handler):
        return dict(conninfo_to_dict(project_settings.dsn()))


class Settings(SimpleTestCase):
    def test_all_that_says_where_the_server_is(self) -> None:
        given = {"NAME": "shop", "USER": "ada", "PASSWORD": "a 'quoted' \\ one", "HOST": "db.example", "PORT": 6432}
        expected = {"dbname": "shop", "user": "ada", "password": "a 'quoted' \\ one", "host": "db.example"}
        self.assertEqual(dsn_of(**given), {**expected, "port": "6432"})

    def test_what_is_empty_is_left_to_libpq(self) -> None:
        self.assertEqual(dsn_of(NAME="shop", USER="", HOST="", PORT=""), {"dbname": "shop"})

    def test_options(self) -> None:
        options = {"sslmode": "verify-full", "sslrootcert": "/ca", "passfile": "/pgpass", "connect_timeout": 3}
        self.assertEqual(
            dsn_of(NAME="shop", OPTIONS=options),
            {"dbname": "shop", **{name: str(value) for name, value in options.items()}},
        )

    def test_a_service(self) -> None:
        found = dsn_of(OPTIONS={"service": "shop", "passfile": "/pgpass"})
        self.assertEqual(found, {"service": "shop", "passfile": "/pgpass"})

    def test_what_is_djangos_own_is_left_out(self) -> None:
        options = {"pool": True, "server_side_binding": True, "isolation_level": 3, "client_encoding": "UTF8"}
        self.assertEqual(dsn_of(NAME="shop", OPTIONS=options), {"dbname": "shop"})

    def test_a_role_and_settings_of_sessions(self) -> None:
        options = {"assume_role": "shop owner", "options": "-c statement_timeout=5000"}
        told = r"-c statement_timeout=5000 -c role=shop\ owner"
        self.assertEqual(dsn_of(NAME="shop", OPTIONS=options), {"dbname": "shop", "options": told})

    def test_several_hosts(self) -> None:
        found = dsn_of(NAME="shop", HOST="a,b", PORT="1,2", OPTIONS={"target_session_attrs": "read-write"})
        expected = {"dbname": "shop", "host": "a,b", "port": "1,2", "target_session_attrs": "read-write"}
        self.assertEqual(found, expected)

    def test_another_engine_is_told_with_the_cure(self) -> None:
        with self.assertRaisesMessage(OptionError, "DATABASES['default'] has django.db.backends.sqlite3") as caught:
            dsn_of(ENGINE="django.db.backends.sqlite3", NAME=":memory:")
        self.assertIn("django.db.backends.postgresql", caught.exception.hint or "")

    def test_no_engine_and_no_name(self) -> None:
        with self.assertRaisesMessage(OptionError, "DATABASES['default'] has django.db.backends.dummy"):
            dsn_of(ENGINE="")
        with self.assertRaisesMessage(OptionError, "NAME"):
            dsn_of()

    def test_the_setting(self) -> None:
        refused = {
            "settings.POOLJOBS knows no 'databse'": {"databse": "default"},
            "POOLJOBS['database'] is 'shop', and DATABASES has default, other": {"database": "shop"},
            "POOLJOBS['schema'] is None, not text": {"schema": None},
            "is one of PostgreSQL's own": {"schema": "pg_jobs"},
            "settings.POOLJOBS is a str, not a dict": "default",
        }
        for message, given in refused.items():
            with self.subTest(given=given), override_settings(POOLJOBS=given):
                with self.assertRaisesMessage(SystemCheckError, message):
                    call_command("check")
                with self.assertRaises(OptionError):
                    _ = app.dsn, app.schema

    def test_usual_values(self) -> None:
        with override_settings(POOLJOBS={}):
            self.assertEqual((project_settings.alias(), app.schema), ("default", "pooljobs"))

    def test_another_place_for_workers_is_refused(self) -> None:
        app.use_dsn(app.dsn or "", schema=app.schema)
        with self.assertRaisesMessage(OptionError, "where its settings say"):
            app.use_dsn("dbname=elsewhere")
        with self.assertRaisesMessage(OptionError, "where its settings say"):
            app.use_dsn(app.dsn or "", schema="elsewhere")

    def test_an_alias_that_is_not_there(self) -> None:
        with self.assertRaises(ConnectionDoesNotExist):
            _ = connections["shop"]
