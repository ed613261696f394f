"""How a project's jobs reach the database: on Django's own connection, of the thread that enqueues.

Inside ``atomic`` they commit, or roll back, with what else was written there, savepoints too; outside, Django commits
each statement. There is no second connection that could know less than the first, or that has to be looked after.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, ParamSpec, TypeVar, cast
from uuid import UUID

from asgiref.sync import sync_to_async

from pooljobs.contrib.django import project_settings
from pooljobs.db.error_classes import MIGRATE
from pooljobs.db.ids import JobIds
from pooljobs.db.statements import Statements
from pooljobs.db.store.find_jobs import find_jobs
from pooljobs.db.wire.unique_block import Stored
from pooljobs.enqueue.caller_connection import CallerConnections
from pooljobs.enqueue.lazy_producer import LazyProducer
from pooljobs.errors import NotMigratedError, OptionError
from pooljobs.job.cancellation import Cancellation
from pooljobs.job.job_status import FoundJob
from pooljobs.job.new_job import NewJob

P = ParamSpec("P")
R = TypeVar("R")

_PROJECTS_MIGRATE: Final = "run: python manage.py pooljobs migrate"
"""The command that knows the project's database and schema."""


class DjangoOutlet(LazyProducer):
    """In the place of a pool of connections of the application's own. Where it is says ``settings.POOLJOBS``."""

    @property
    def dsn(self) -> str | None:
        """Of what connects by itself, workers for example."""
        return project_settings.dsn()

    @dsn.setter
    def dsn(self, _given: str | None) -> None: ...

    @property
    def schema(self) -> str:
        """As the settings say."""
        return project_settings.schema()

    @schema.setter
    def schema(self, _given: str) -> None: ...

    def redirect(self, dsn: str | None, schema: str) -> None:
        """Django's connections stay where they are; None: where that is.

        Raises:
            OptionError: That is another place: what handlers enqueue would not come here.
        """
        from psycopg.conninfo import conninfo_to_dict

        if conninfo_to_dict(dsn or self.dsn or "") != conninfo_to_dict(self.dsn or "") or schema != self.schema:
            raise OptionError(
                "the jobs of a Django project are where its settings say, and not elsewhere",
                hint="change DATABASES or POOLJOBS, and leave out --dsn and --schema",
            )

    def store(self) -> _DjangoStore:
        """As ``LazyProducer.store``."""
        return _DjangoStore(self.for_caller())

    def waiting_dsn(self) -> str:
        """As ``LazyProducer.waiting_dsn``: who waits has a connection of his own, outside of Django's transactions."""
        return project_settings.dsn()

    async def insert_of_task(self, job: NewJob) -> UUID:
        """As ``LazyProducer.insert_of_task``."""
        return await self.in_thread(self.store().insert, job)

    async def in_thread(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """In the thread in which Django's connection is, with its transaction if one is open there."""
        return await sync_to_async(function, thread_sensitive=True)(*args, **kwargs)


class _DjangoStore:
    """Stores and cancels on the connection of this thread. Its errors are Django's."""

    def __init__(self, callers: CallerConnections) -> None:
        self._callers = callers

    def insert(self, job: NewJob) -> UUID:
        return cast("UUID", self._on_djangos(self._callers.insert_with, job))

    def insert_alike(
        self, job: NewJob, payloads: Iterable[bytes], on_progress: Callable[[int], None] | None = None
    ) -> JobIds:
        return cast("JobIds", self._on_djangos(self._callers.insert_alike_with, job, payloads, on_progress))

    def insert_unique_once(self, job: NewJob, _until: float) -> Stored:
        return cast("Stored", self._on_djangos(self._callers.insert_unique_with, job))

    def insert_unique_many(
        self, job: NewJob, payloads: Iterable[bytes], on_progress: Callable[[int], None] | None = None
    ) -> Stored:
        return cast("Stored", self._on_djangos(self._callers.insert_unique_many_with, job, payloads, on_progress))

    def find_once(self, ids: Sequence[UUID], _until: float) -> list[FoundJob]:
        connection = project_settings.database()
        connection.ensure_connection()
        with connection.wrap_database_errors:
            return find_jobs(connection.connection, Statements(project_settings.schema()), ids)

    def cancel_once(self, job_id: UUID, reason: str | None, _until: float) -> Cancellation:
        return cast("Cancellation", self._on_djangos(self._callers.cancel_with, job_id, reason))

    def _on_djangos(self, method: Callable[..., Any], *given: Any) -> Any:
        """What that method gives for Django's connection. Where a migration is missing, the project's own mends it."""
        try:
            return method(project_settings.database(), *given)
        except NotMigratedError as error:
            if not (error.hint or "").startswith(MIGRATE):
                raise
            raise NotMigratedError(str(error), hint=_PROJECTS_MIGRATE) from error.__cause__
