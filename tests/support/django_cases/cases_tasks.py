"""``django.tasks`` of Django 6."""

from __future__ import annotations

import unittest
from datetime import timedelta
from typing import Any
from uuid import uuid4

import django
from django.db import transaction
from django.test import TestCase
from django.utils import timezone

from pooljobs import JobCancelledError
from pooljobs.contrib.django import app
from pooljobs.contrib.django.models import Job
from pooljobs.contrib.django.test_case import WithJobs
from pooljobs.testing import Drained


@unittest.skipIf(django.VERSION < (6,), "of Django 6")
class Tasks(WithJobs, TestCase):
    def setUp(self) -> None:
        super().setUp()
        from tests.support.django_cases import tasks

        self.tasks: Any = tasks
        tasks.RAN.clear()

    def test_a_task_is_a_job(self) -> None:
        result = self.tasks.add.enqueue(1, other=2)
        job = Job.objects.get(pk=result.id)
        self.assertEqual(job.payload, {"args": [1], "kwargs": {"other": 2}})
        self.assertEqual((job.job_type, job.queue), ("tests.support.django_cases.tasks.add", "default"))
        self.assertEqual((job.priority, job.max_retries, str(result.status)), (-2, 1, "READY"))
        self.assertLess(abs(job.created_at - result.enqueued_at), timedelta(seconds=1))

    def test_it_goes_with_the_transaction(self) -> None:
        with self.assertRaises(ZeroDivisionError), transaction.atomic():
            self.tasks.add.enqueue(1)
            raise ZeroDivisionError
        self.assertFalse(Job.objects.exists())

    async def test_from_async_code(self) -> None:
        result = await self.tasks.add_later.aenqueue(5)
        job = await Job.objects.aget(pk=result.id)
        self.assertEqual(job.queue, "mails")

    def test_using(self) -> None:
        later = timezone.now() + timedelta(hours=1)
        result = self.tasks.add.using(priority=-100, queue_name="mails", run_after=later).enqueue(1)
        job = Job.objects.get(pk=result.id)
        self.assertEqual((job.priority, job.queue), (4, "mails"))
        self.assertLess(abs(job.run_at - later), timedelta(seconds=1))

    def test_what_is_refused(self) -> None:
        with self.assertRaises(TypeError):
            self.tasks.add.enqueue(object())
        with self.assertRaises(django.tasks.exceptions.InvalidTask):
            self.tasks.add.using(queue_name="unknown")
        for wrong in ("x", str(uuid4())):
            with self.assertRaises(django.tasks.exceptions.TaskResultDoesNotExist):
                self.tasks.add.get_result(wrong)

    def test_results(self) -> None:
        added, later, failed = (
            self.tasks.add.enqueue(1, other=2),
            self.tasks.add_later.enqueue(5),
            self.tasks.fail.enqueue(),
        )
        self.assertEqual(str(self.tasks.add.get_result(added.id).status), "READY")
        self.jobs.drain()
        for result in (added, later, failed):
            result.refresh()
        self.assertEqual((str(added.status), added.return_value, added.attempts), ("SUCCESSFUL", 3, 1))
        self.assertEqual((added.args, added.kwargs, later.return_value), ([1], {"other": 2}, None))
        self.assertLessEqual(added.started_at, added.finished_at)
        self.assertEqual(str(failed.status), "FAILED")
        self.assertIs(failed.errors[0].exception_class, ValueError)
        self.assertIn("Traceback", failed.errors[0].traceback)
        with self.assertRaises(django.tasks.exceptions.TaskResultMismatch):
            self.tasks.fail.get_result(added.id)

    def test_a_cancelled_task_has_failed(self) -> None:
        cancelled = self.tasks.add.enqueue(1)
        app.cancel(cancelled.id, reason="why")
        cancelled.refresh()
        self.assertEqual(str(cancelled.status), "FAILED")
        self.assertIs(cancelled.errors[0].exception_class, JobCancelledError)

    def test_declared_for_workers(self) -> None:
        for name in ("add", "add_later", "look", "fail"):
            self.assertIn(f"tests.support.django_cases.tasks.{name}", app.registry)

    def test_they_run_with_djangos_signals(self) -> None:
        self.tasks.add.enqueue(1, other=2)
        self.tasks.add_later.enqueue(5)
        self.tasks.look.enqueue("here")
        self.assertEqual(self.jobs.drain(), Drained(completed=3))
        self.assertEqual(self.tasks.RAN, [3, "SUCCESSFUL", 5, "SUCCESSFUL", ("here", 1, "look"), "SUCCESSFUL"])

    def test_a_failure_is_final_unless_more_attempts_are_given(self) -> None:
        self.tasks.fail.enqueue()
        self.assertEqual(self.jobs.drain(), Drained(failed=1))
        self.assertEqual(self.tasks.RAN, ["FAILED"])
