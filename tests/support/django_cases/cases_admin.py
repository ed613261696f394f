"""Jobs in the admin, as its users see them: by requests."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext

from pooljobs.contrib.django import app
from pooljobs.contrib.django.models import Job
from tests.support.django_cases.jobs import greet, log_in

JOBS = "/admin/pooljobs/job/"


class Admin(TestCase):
    def setUp(self) -> None:
        self.as_user("view_job", "retry_job", "cancel_job")

    def as_user(self, *permissions: str) -> User:
        user = User.objects.create_user(f"user{User.objects.count()}", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        self.assertEqual(user.user_permissions.count(), len(permissions))
        self.client.force_login(user)
        return user

    def act(self, action: str, *jobs: Any) -> Any:
        chosen = {"action": action, "_selected_action": [str(job.id) for job in jobs]}
        return self.client.post(JOBS, chosen, follow=True)

    def status(self, handle: Any) -> str:
        return Job.objects.get(pk=handle.id).status

    def test_the_list(self) -> None:
        greet.enqueue(name="Ada")
        app.cancel(log_in.enqueue(user="Eve", token="hidden"))
        shown = self.client.get(JOBS)
        self.assertContains(shown, "greet")
        self.assertContains(shown, "log_in")
        self.assertNotContains(self.client.get(JOBS, {"status": "cancelled"}), ">greet<")
        self.assertContains(self.client.get(JOBS, {"status": "pending"}), ">greet<")

    def test_search_by_id_type_and_queue(self) -> None:
        handle = greet.enqueue(name="Ada")
        greet.options(queue="mails").enqueue(name="Eve")
        for term, count in ((str(handle.id), 1), ("greet", 2), ("mails", 1), ("gree", 0), ("0%", 0)):
            with self.subTest(term):
                shown = self.client.get(JOBS, {"q": term})
                self.assertEqual(shown.context["cl"].result_count, count)

    def test_one_job_without_what_is_secret(self) -> None:
        with connection.cursor() as cursor:  # as a worker publishes it
            cursor.execute(
                "INSERT INTO background.job_types AS t"
                " (job_type, queue, max_retries, retry_policy, retry_delay_secs, secret)"
                " VALUES ('log_in', 'default', 1, 'none', 0, '{token}')"
            )
        handle = log_in.enqueue(user="Eve", token="swordfish")
        shown = self.client.get(f"{JOBS}{handle.id}/change/")
        self.assertContains(shown, "Eve")
        self.assertContains(shown, "***")
        self.assertNotContains(shown, "swordfish")
        self.assertNotContains(shown, 'name="_save"')

    def test_cancel_and_retry(self) -> None:
        first, second = greet.enqueue(name="Ada"), greet.enqueue(name="Eve")
        self.assertContains(self.act("cancel_jobs", first), "1 cancelled")
        self.assertEqual([self.status(first), self.status(second)], ["cancelled", "pending"])
        shown = self.act("retry_jobs", first, second)
        self.assertContains(shown, "1 pending again")
        self.assertContains(shown, "1 left as they were")
        self.assertEqual(self.status(first), "pending")
        self.assertEqual(LogEntry.objects.count(), 2)

    def test_permissions(self) -> None:
        handle = greet.enqueue(name="Ada")
        self.as_user()
        self.assertEqual(self.client.get(JOBS).status_code, 403)
        for permission, offered in (("retry_job", "retry_jobs"), ("cancel_job", "cancel_jobs")):
            self.as_user("view_job", permission)
            shown = self.client.get(JOBS)
            other = "cancel_jobs" if offered == "retry_jobs" else "retry_jobs"
            self.assertContains(shown, offered)
            self.assertNotContains(shown, other)
            self.assertNotContains(shown, "delete_selected")
        self.as_user("view_job", "retry_job")
        self.act("cancel_jobs", handle)
        self.assertEqual(self.status(handle), "pending")

    def test_nothing_is_added_changed_or_deleted(self) -> None:
        User.objects.update(is_superuser=True)
        handle = greet.enqueue(name="Ada")
        self.assertEqual(self.client.get(f"{JOBS}add/").status_code, 403)
        self.assertEqual(self.client.post(f"{JOBS}{handle.id}/change/", {"queue": "x"}).status_code, 403)
        self.assertEqual(self.client.post(f"{JOBS}{handle.id}/delete/", {"post": "yes"}).status_code, 403)
        job = Job.objects.get(pk=handle.id)
        with self.assertRaises(PermissionDenied):
            job.save()
        with self.assertRaises(PermissionDenied):
            job.delete()
        self.assertEqual(self.status(handle), "pending")

    def test_all_of_history_is_never_selected(self) -> None:
        handle = greet.enqueue(name="Ada")
        chosen = {"action": "cancel_jobs", "_selected_action": [str(handle.id)], "select_across": "1"}
        self.assertContains(self.client.post(JOBS, chosen, follow=True), "page by page")
        self.assertEqual(self.status(handle), "pending")

    def test_the_list_is_paged_and_history_is_not_counted(self) -> None:
        greet.enqueue_many({"name": str(number)} for number in range(250))
        with CaptureQueriesContext(connection) as seen:
            pages = [self.client.get(JOBS, {"p": str(page)}) for page in (1, 3)]
        self.assertEqual([len(page.context["cl"].result_list) for page in pages], [100, 50])
        ours = [query["sql"] for query in seen.captured_queries if "background" in query["sql"]]
        self.assertTrue(ours)
        self.assertEqual([query for query in ours if "count(" in query.lower() or "LIMIT 500" not in query], [])
        self.assertEqual(self.client.get(JOBS, {"p": "9"}).status_code, 302)
