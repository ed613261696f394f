"""Jobs go with Django's transactions, whatever these are."""

from __future__ import annotations

import asyncio
from typing import ClassVar
from uuid import uuid4

from asgiref.sync import async_to_sync
from django.core.exceptions import SynchronousOnlyOperation
from django.db import DatabaseError, IntegrityError, connection, connections, transaction
from django.db.transaction import TransactionManagementError
from django.test import TestCase, TransactionTestCase

from pooljobs import Cancellation, DatabaseRefusedError, NotMigratedError, PayloadError
from pooljobs.contrib.django import app
from tests.support.django_cases.jobs import greet
from tests.support.django_cases.looking import committed, elsewhere, seen


class InATestCase(TestCase):
    """Django rolls its transaction back: the next test sees nothing."""

    def test_one(self) -> None:
        greet.enqueue(name="Ada")
        self.assertEqual(seen(), ["Ada"])
        self.assertEqual(committed(), [])

    def test_another(self) -> None:
        greet.enqueue(name="Eve")
        self.assertEqual(seen(), ["Eve"])

    def test_it_is_one_statement_among_djangos(self) -> None:
        with self.assertNumQueries(1):
            greet.enqueue(name="Ada")

    def test_async_too(self) -> None:
        async def view() -> None:
            await greet.enqueue_async(name="Ada")
            await greet.enqueue_many_async([{"name": "Eve"}, {"name": "Joe"}])

        async_to_sync(view)()
        self.assertEqual(seen(), ["Ada", "Eve", "Joe"])
        self.assertEqual(committed(), [])

    async def test_an_async_test(self) -> None:
        handle = await greet.enqueue_async(name="Ada")
        self.assertEqual(await app.cancel_async(handle), Cancellation.CANCELLED)

    def test_savepoints(self) -> None:
        with transaction.atomic():
            greet.enqueue(name="stays")
            with self.assertRaises(ZeroDivisionError), transaction.atomic():
                greet.enqueue(name="goes")
                greet.enqueue_many([{"name": "goes"}])
                raise ZeroDivisionError
        self.assertEqual(seen(), ["stays"])

    def test_a_schedule_on_djangos_connection(self) -> None:
        with self.assertRaises(ZeroDivisionError), transaction.atomic():
            self.assertTrue(app.schedule_with(connection, "hourly", greet, {"name": "Ada"}, every=3600))
            raise ZeroDivisionError
        self.assertTrue(app.schedule_with(connection, "hourly", greet, {"name": "Ada"}, every=3600))
        self.assertFalse(app.schedule_with(connection, "hourly", greet, {"name": "Eve"}, every=3600))

    def test_a_refused_load_leaves_the_transaction_as_it_was(self) -> None:
        with self.assertRaises(PayloadError):
            greet.enqueue_many([{"name": "Ada"}, {"name": 5}])
        greet.enqueue_many({"name": name} for name in ("Eve", "Joe"))
        self.assertEqual(seen(), ["Eve", "Joe"])

    def test_cancelled_with_the_transaction(self) -> None:
        handle = greet.enqueue(name="Ada")
        with self.assertRaises(ZeroDivisionError), transaction.atomic():
            self.assertEqual(app.cancel(handle), Cancellation.CANCELLED)
            raise ZeroDivisionError
        self.assertEqual(app.cancel(handle), Cancellation.CANCELLED)

    def test_retried_with_the_transaction(self) -> None:
        handle = greet.enqueue(name="Ada")
        self.assertFalse(app.retry(handle))
        app.cancel(handle)
        self.assertTrue(app.retry(handle))

    def test_a_transaction_that_cannot_commit_takes_no_job(self) -> None:
        with self.assertRaises(TransactionManagementError), transaction.atomic():
            transaction.set_rollback(True)
            greet.enqueue(name="lost")

    def test_djangos_own_connections_can_be_passed(self) -> None:
        greet.enqueue_with(connection, name="Ada")
        greet.enqueue_with(connections["default"], name="Eve")
        app.enqueue_with(connection, "greet", {"name": "Joe"})
        self.assertEqual(seen(), ["Ada", "Eve", "Joe"])


class Outside(TransactionTestCase):
    """Django commits each statement, or leaves that to its user."""

    def test_it_is_committed_at_once(self) -> None:
        greet.enqueue(name="Ada")
        self.assertEqual(committed(), ["Ada"])
        greet.enqueue_many([{"name": "Eve"}])
        self.assertEqual(committed(), ["Ada", "Eve"])

    def test_it_is_committed_and_rolled_back_with_the_block(self) -> None:
        with transaction.atomic():
            greet.enqueue(name="Ada")
            self.assertEqual(committed(), [])
        self.assertEqual(committed(), ["Ada"])
        with self.assertRaises(ZeroDivisionError), transaction.atomic():
            greet.enqueue(name="Eve")
            raise ZeroDivisionError
        self.assertEqual(committed(), ["Ada"])

    def test_a_constraint_that_fails_at_the_end_takes_the_job_along(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE TABLE late (id int UNIQUE DEFERRABLE INITIALLY DEFERRED); INSERT INTO late VALUES (1)"
            )
        with self.assertRaises(IntegrityError), transaction.atomic():
            greet.enqueue(name="Ada")
            with connection.cursor() as cursor:
                cursor.execute("INSERT INTO late VALUES (1)")
        self.assertEqual(committed(), [])
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE late")

    def test_a_transaction_of_its_users_own(self) -> None:
        transaction.set_autocommit(False)
        try:
            greet.enqueue(name="goes")
            transaction.rollback()
            greet.enqueue(name="stays")
            transaction.commit()
        finally:
            transaction.set_autocommit(True)
        self.assertEqual(committed(), ["stays"])

    def test_no_second_connection_is_opened(self) -> None:
        count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        greet.enqueue(name="Ada")
        greet.enqueue_many([{"name": "Eve"}])
        async_to_sync(greet.enqueue_async)(name="Joe")
        others = (
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE application_name LIKE 'pooljobs%%' AND datname = current_database()"
        )
        self.assertEqual(elsewhere(others), [(0,)])
        self.assertLessEqual(
            elsewhere(count)[0][0], 3
        )  # this thread's, and the one that asks; another test's may take a moment to end

    def test_an_event_loop_is_not_blocked(self) -> None:
        async def view() -> None:
            greet.enqueue(name="Ada")

        with self.assertRaises(SynchronousOnlyOperation):
            asyncio.run(view())

    def test_a_lost_connection_is_djangos_error_and_its_next_one_serves(self) -> None:
        greet.enqueue(name="Ada")
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (pid,) = cursor.fetchone()
        elsewhere("SELECT pg_terminate_backend(%s, 5000)", [pid])
        with self.assertRaises(DatabaseError):
            greet.enqueue(name="lost")
        connection.close_if_unusable_or_obsolete()
        greet.enqueue(name="Eve")
        self.assertEqual(committed(), ["Ada", "Eve"])


class SeveralDatabases(TransactionTestCase):
    databases: ClassVar[set[str]] = {"default", "other"}  # type: ignore[misc]

    def test_another_databases_transaction_is_another(self) -> None:
        with self.assertRaises(ZeroDivisionError), transaction.atomic(using="other"):
            greet.enqueue(name="Ada")
            raise ZeroDivisionError
        self.assertEqual(committed(), ["Ada"])

    def test_tables_are_in_the_one_database_alone(self) -> None:
        with connections["other"].cursor() as cursor:
            cursor.execute("SELECT to_regnamespace('background')")
            self.assertEqual(cursor.fetchone(), (None,))

    def test_where_there_are_none_it_is_told(self) -> None:
        with self.assertRaises(NotMigratedError):
            greet.enqueue_with(connections["other"], name="Ada")

    def test_the_projects_own_command_is_named_where_they_are_missing(self) -> None:
        stores = (
            lambda: greet.enqueue(name="Ada"),
            lambda: greet.enqueue_many([{"name": "Ada"}]),
            lambda: greet.options(unique_key="a").enqueue(name="Ada"),
            lambda: greet.options(unique_key="a").enqueue_many([{"name": "Ada"}]),
            lambda: app.cancel(uuid4()),
        )
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("ALTER SCHEMA background RENAME TO elsewhere")
            for store in stores:
                with self.assertRaises(NotMigratedError) as missing, transaction.atomic():
                    store()
                self.assertEqual(missing.exception.hint, "run: python manage.py pooljobs migrate")
                self.assertEqual(missing.exception.__notes__, [f"hint: {missing.exception.hint}"])
                self.assertIsInstance(missing.exception.__cause__, DatabaseError)
            transaction.set_rollback(True)

    def test_missing_rights_are_told(self) -> None:
        elsewhere("DROP ROLE IF EXISTS nobody_much; CREATE ROLE nobody_much")
        elsewhere("GRANT USAGE ON SCHEMA background TO nobody_much")
        with self.assertRaises(DatabaseRefusedError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE nobody_much")
            greet.enqueue(name="Ada")
