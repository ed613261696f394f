"""Django: an application that lives in a project. Put ``pooljobs.contrib.django`` into ``INSTALLED_APPS``.

``from pooljobs.contrib.django import app`` in a ``jobs.py`` of an installed app, and ``@app.job``: it is found there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pooljobs.errors import OptionError

if TYPE_CHECKING:
    from pooljobs.contrib.django.project_jobs import DjangoJobs
    from pooljobs.contrib.django.project_jobs import app as app
    from pooljobs.contrib.django.task_backend import PoolJobsBackend as PoolJobsBackend

__all__ = ["PoolJobsBackend", "app", "load"]


def load() -> DjangoJobs:
    """The project's application with all its jobs: what workers serve, ``--app "pooljobs.contrib.django:load()"``.

    Sets Django up, by ``DJANGO_SETTINGS_MODULE``, if nobody has.

    Raises:
        OptionError: Nothing says which settings are meant.
    """
    import os

    import django
    from django.apps import apps
    from django.conf import ENVIRONMENT_VARIABLE, settings

    from pooljobs.contrib.django.project_jobs import app

    if not apps.ready:
        if not (settings.configured or os.environ.get(ENVIRONMENT_VARIABLE)):
            hint = f"run: python manage.py pooljobs serve, or set {ENVIRONMENT_VARIABLE}=shop.settings, say"
            raise OptionError("nothing names the project's settings", hint=hint)
        django.setup()
    return app


if not TYPE_CHECKING:  # what only looks for the package's other modules needs no application

    def __getattr__(name: str) -> Any:
        if name == "app":
            from pooljobs.contrib.django.project_jobs import app

            return app
        if name == "PoolJobsBackend":  # of Django 6
            from pooljobs.contrib.django.task_backend import PoolJobsBackend

            return PoolJobsBackend
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
