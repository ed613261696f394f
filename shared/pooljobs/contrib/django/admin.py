"""Jobs in Django's admin: shown, run again, cancelled, by users with the permissions to view, retry and cancel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db import DatabaseError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from pooljobs.contrib.django import job_payload, project_settings
from pooljobs.contrib.django.job_list import JobList, StatusFilter
from pooljobs.contrib.django.models import Job
from pooljobs.contrib.django.project_jobs import app
from pooljobs.errors import PoolJobsError
from pooljobs.job.cancellation import Cancellation

_COLUMNS: Final = ("job_type", "queue", "status", "attempts", "created_at", "finished_at")
_SHOWN: Final = (
    *("id", "job_type", "queue", "status", "shown_payload", "attempts", "max_retries", "priority", "run_at"),
    *("created_at", "started_at", "finished_at", "trace_id", "last_error"),
)

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Job]
else:
    _Admin = admin.ModelAdmin


@admin.register(Job)
class JobAdmin(_Admin):
    """Adds, changes and deletes nothing; the actions go by pooljobs' own statements."""

    list_display = _COLUMNS
    list_filter = (StatusFilter,)
    search_fields = ("id",)
    search_help_text = "An id, a job type or a queue, in full"
    sortable_by = ()
    fields = _SHOWN
    readonly_fields = _SHOWN
    actions = ("retry_jobs", "cancel_jobs")

    def get_search_results(
        self, _request: HttpRequest, queryset: QuerySet[Job], _term: str
    ) -> tuple[QuerySet[Job], bool]:
        """The list sees to what is searched for; an action is for what was selected."""
        return queryset, False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:  # noqa: ARG002
        """By pooljobs' own statement."""
        return JobList

    @admin.display(description="payload")
    def shown_payload(self, job: Job) -> str:
        """Without what its handler keeps secret."""
        return job_payload.shown(job)

    @admin.action(description="Run selected jobs again", permissions=["retry"])
    def retry_jobs(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        """Those that have failed or were cancelled."""
        self._each(request, queryset, "pending again", lambda job: app.retry(job.pk))

    @admin.action(description="Cancel selected jobs", permissions=["cancel"])
    def cancel_jobs(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        """Those that are pending end, those that run are asked to."""
        reason = f"by {request.user} in the admin"
        left = (Cancellation.UNKNOWN, Cancellation.ENDED)
        self._each(
            request, queryset, "cancelled, or asked to end", lambda job: app.cancel(job.pk, reason=reason) not in left
        )

    def _each(self, request: HttpRequest, queryset: QuerySet[Job], what: str, act: Any) -> None:
        if request.POST.get("select_across") == "1":
            self.message_user(request, "Select the jobs that are meant, page by page", messages.WARNING)
            return
        count = 0
        for job in queryset:
            try:
                with transaction.atomic(using=project_settings.alias()):
                    acted = act(job)
            except (DatabaseError, PoolJobsError) as error:
                self.message_user(request, f"{job}: {error}", messages.ERROR)
                continue
            if acted:
                count += 1
                self.log_change(request, job, what)
        left = len(queryset) - count
        self.message_user(request, f"{count} {what}", messages.SUCCESS if count else messages.WARNING)
        if left > 0:
            self.message_user(request, f"{left} left as they were", messages.WARNING)

    def has_add_permission(self, _request: HttpRequest) -> bool:
        """Jobs are enqueued by the application."""
        return False

    def has_change_permission(self, _request: HttpRequest, _job: Job | None = None) -> bool:
        """They are looked at."""
        return False

    def has_delete_permission(self, _request: HttpRequest, _job: Job | None = None) -> bool:
        """History is dropped by its age."""
        return False

    def has_retry_permission(self, request: HttpRequest) -> bool:
        """Of the action."""
        return _may(request, "retry_job")

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        """Of the action."""
        return _may(request, "cancel_job")


def _may(request: HttpRequest, permission: str) -> bool:
    user: Any = request.user
    return bool(user.has_perm(f"pooljobs.{permission}"))
