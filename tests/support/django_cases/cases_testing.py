"""Jobs run in Django's tests, on the test's own connection."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.test import TestCase, TransactionTestCase

from pooljobs.contrib.django.test_case import WithJobs
from pooljobs.testing import Drained
from tests.support.django_cases.jobs import greet, log_in, make_group, make_group_async, make_group_plainly
from tests.support.django_cases.looking import committed


class InATransaction(WithJobs, TestCase):
    def test_what_was_enqueued(self) -> None:
        greet.enqueue(name="Ada")
        self.jobs.assert_enqueued(greet, name="Ada")
        self.jobs.refute_enqueued(log_in)
        self.assertEqual(committed(), [])

    def test_what_it_did_is_in_the_tests_transaction(self) -> None:
        make_group.enqueue(name="readers")
        self.assertEqual(self.jobs.drain(), Drained(completed=1))
        self.assertTrue(Group.objects.filter(name="readers").exists())
        self.assertEqual(committed(), [])

    def test_that_is_gone(self) -> None:
        self.assertFalse(Group.objects.exists())
        self.assertEqual(self.jobs.drain(), Drained())

    def test_an_atomic_handler_that_fails(self) -> None:
        make_group.enqueue(name="")
        log_in.enqueue(user="Eve", token="1234")
        self.assertEqual(self.jobs.drain(), Drained(failed=2))
        self.assertFalse(Group.objects.exists())

    def test_what_the_database_refuses_a_handler_fails_its_run_alone(self) -> None:
        for name in ("readers", "readers", "writers"):
            make_group_plainly.enqueue(name=name)
        self.assertEqual(self.jobs.drain(), Drained(completed=2, failed=1))
        self.assertEqual(Group.objects.count(), 2)
        self.assertIsInstance(self.jobs.run(make_group_plainly, name="readers").error, IntegrityError)
        self.assertEqual(Group.objects.count(), 2)

    def test_later_jobs_travel(self) -> None:
        make_group.options(delay=3600).enqueue(name="late")
        self.assertEqual(self.jobs.drain(), Drained())
        self.jobs.travel(hours=1)
        self.assertEqual(self.jobs.drain(), Drained(completed=1))

    def test_within_a_savepoint(self) -> None:
        with self.assertRaises(ZeroDivisionError), transaction.atomic():
            make_group.enqueue(name="readers")
            self.assertEqual(self.jobs.drain(), Drained(completed=1))
            raise ZeroDivisionError
        self.assertFalse(Group.objects.exists())

    def test_on_commit_is_not_waited_for(self) -> None:
        with self.captureOnCommitCallbacks() as callbacks:
            greet.enqueue(name="Ada")
        self.assertEqual(callbacks, [])
        self.assertEqual(self.jobs.drain(), Drained(completed=1))

    def test_one_handler(self) -> None:
        self.assertIsNone(self.jobs.run(make_group, name="readers").error)
        self.assertTrue(Group.objects.exists())

    def test_inline(self) -> None:
        with self.jobs.inline():
            make_group.enqueue(name="readers")
        self.assertTrue(Group.objects.exists())

    def test_django_goes_on_as_before(self) -> None:
        greet.enqueue(name="Ada")
        self.jobs.drain()
        self.assertEqual(list(Group.objects.filter(name__in=["a", "b"]).values_list("name", flat=True)), [])
        Group.objects.bulk_create([Group(name="a"), Group(name="b")])
        self.assertEqual(Group.objects.count(), 2)

    async def test_an_async_test(self) -> None:
        await make_group_async.enqueue_async(name="readers")
        self.assertEqual(await self.jobs.drain_async(), Drained(completed=1))
        self.assertTrue(await Group.objects.aexists())


class Committed(WithJobs, TransactionTestCase):
    def test_it_runs(self) -> None:
        make_group.enqueue(name="readers")
        self.assertEqual(self.jobs.drain(), Drained(completed=1))
        self.assertTrue(Group.objects.exists())
