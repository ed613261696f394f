"""Jobs as a model that Django reads: those that wait, run and have ended. Nothing is written through it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import models

from pooljobs.contrib.django import project_settings

if TYPE_CHECKING:
    _Manager = models.Manager["Job"]
else:
    _Manager = models.Manager


class _Reading(_Manager):
    """Of the database that holds the jobs, whatever routers say. Reads no payloads unless they are asked for."""

    def get_queryset(self) -> models.QuerySet[Job]:
        return super().get_queryset().using(project_settings.alias()).defer("payload")


class Job(models.Model):
    """One job. Query it by ``id``, or by ``finished_at``: history may be large."""

    id: models.UUIDField[UUID, UUID] = models.UUIDField(primary_key=True, editable=False)
    queue: models.TextField[str, str] = models.TextField()
    job_type: models.TextField[str, str] = models.TextField("type")
    payload: models.JSONField[Any, Any] = models.JSONField()
    status: models.TextField[str, str] = models.TextField()
    attempts: models.BigIntegerField[int, int] = models.BigIntegerField("runs")
    max_retries: models.IntegerField[int, int] = models.IntegerField("most runs")
    priority: models.SmallIntegerField[int, int] = models.SmallIntegerField()
    run_at: models.DateTimeField[datetime, datetime] = models.DateTimeField("due")
    created_at: models.DateTimeField[datetime, datetime] = models.DateTimeField("enqueued")
    started_at: models.DateTimeField[datetime | None, datetime | None] = models.DateTimeField("started", null=True)
    finished_at: models.DateTimeField[datetime | None, datetime | None] = models.DateTimeField("ended", null=True)
    trace_id: models.TextField[str | None, str | None] = models.TextField(null=True)
    last_error: models.TextField[str | None, str | None] = models.TextField(null=True)

    objects: ClassVar[_Reading] = _Reading()

    class Meta:
        """It is no table of Django's: neither its migrations nor a flush touch it."""

        managed = False
        app_label = "pooljobs"
        db_table = f'{project_settings.quoted_schema()}."jobs"'
        default_permissions = ("view",)
        permissions = (("retry_job", "Can have jobs run again"), ("cancel_job", "Can cancel jobs"))
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.job_type} {self.id}"

    def save(self, *_args: Any, **_kwargs: Any) -> None:
        """Refuses: jobs are enqueued, and cancelled, by the application."""
        raise PermissionDenied("jobs are not saved: enqueue them by their tasks")

    def delete(self, *_args: Any, **_kwargs: Any) -> tuple[int, dict[str, int]]:
        """Refuses, as ``save``."""
        raise PermissionDenied("jobs are not deleted: cancel them, app.cancel(job.id)")
