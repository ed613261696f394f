"""``django.tasks`` of Django 6."""

from __future__ import annotations

import unittest
from datetime import timedelta
from typing import Any

import django
from django.db import transaction
from django.test import TestCase
from django.utils import timezone

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
        with self.assertRaises(NotImplementedError):
            self.tasks.add.get_result(self.tasks.add.enqueue(1).id)

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
