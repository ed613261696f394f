"""The admin's list of jobs, by pooljobs' own statement: as quick with a hundred million ended jobs as with none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import InvalidPage, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

from pooljobs.contrib.django import project_settings
from pooljobs.contrib.django.models import Job
from pooljobs.db.statements import Statements
from pooljobs.operations.listing import STATUSES
from pooljobs.operations.reader import newest

MOST_LISTED: Final = 500
"""Jobs that are paged through, the newest; who looks for an older one names it, or narrows the list."""

_NAMES: Final = [field.attname for field in Job._meta.concrete_fields if field.attname != "payload"]  # noqa: SLF001


class StatusFilter(admin.SimpleListFilter):
    """By status."""

    title = "status"
    parameter_name = "status"

    def lookups(self, _request: HttpRequest, _admin: Any) -> list[tuple[str, str]]:
        """All there are."""
        return [(name, name) for name in STATUSES]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        """Of what an action was chosen for: all that was selected."""
        return queryset


class JobList(ChangeList):
    """Lists the newest jobs. What is searched for is an id, a job type or a queue, in full."""

    if TYPE_CHECKING:
        query: str

    def get_results(self, request: HttpRequest) -> None:
        """Sets what the templates show."""
        jobs = self._jobs(request.GET.get(StatusFilter.parameter_name))
        paginator: Any = Paginator(jobs, self.list_per_page)
        try:
            shown = paginator.page(self.page_num).object_list
        except InvalidPage:
            raise IncorrectLookupParameters from None
        self.result_count = self.full_result_count = len(jobs)
        self.show_full_result_count = False
        self.show_admin_actions = True
        self.result_list = shown
        self.can_show_all, self.multi_page = False, len(jobs) > self.list_per_page
        self.paginator = paginator

    def _jobs(self, status: str | None) -> list[Job]:
        statuses = [status] if status in STATUSES else None
        term = self.query.strip()
        if not term:
            return _listed(statuses)
        try:
            return list(Job.objects.filter(pk=UUID(term)))
        except ValueError:
            return _listed(statuses, job_type=term) or _listed(statuses, queue=term)


def _listed(statuses: list[str] | None, *, job_type: str | None = None, queue: str | None = None) -> list[Job]:
    statement = Statements(project_settings.schema()).load("list_jobs").decode()
    matching = {"statuses": statuses, "job_type": job_type, "queue": queue, "tag": None}
    asked = {**matching, "limit": MOST_LISTED, "whole": False}

    def look_back(window: str | None) -> list[dict[str, Any]]:
        with project_settings.database().cursor() as cursor:
            cursor.execute(statement, asked | {"window": window})
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    rows = newest(look_back, MOST_LISTED)
    return [Job.from_db(project_settings.alias(), _NAMES, [row[name] for name in _NAMES]) for row in rows]
