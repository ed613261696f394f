"""The application of a Django project."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from pooljobs.application.app import PoolJobs
from pooljobs.contrib.django import project_settings
from pooljobs.contrib.django.outlet import DjangoOutlet
from pooljobs.enqueue.cancel_methods import id_of
from pooljobs.job.handle import JobHandle


class DjangoJobs(PoolJobs):
    """As ``PoolJobs``, where the project's settings say: see ``pooljobs.contrib.django.project_settings``.

    Inside ``atomic`` of that database jobs are stored and cancelled with its transaction. Django's errors are raised
    for what befalls its connection, and its SynchronousOnlyOperation where ``enqueue`` would block an event loop: await
    ``enqueue_async`` there. An outage is not waited for.
    """

    def __init__(self) -> None:
        super().__init__()
        self._outlet = DjangoOutlet(None, "pooljobs", pool_size=self.pool_size)
        self._outlet.declared = self._tasks

    def retry(self, job: JobHandle | UUID | str) -> bool:
        """Put a failed or cancelled job back to pending, due now, on Django's connection; False if it was neither.

        Raises:
            OptionError: That is no job's id.
            DatabaseError: Django's.
        """
        return bool(self._outlet.for_caller().retry_with(project_settings.database(), id_of(job)))


app: Final = DjangoJobs()
"""The one that the project's ``jobs.py`` declare their jobs on. Making it reads no settings."""
