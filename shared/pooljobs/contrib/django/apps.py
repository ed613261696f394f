"""What Django does with ``pooljobs.contrib.django`` in ``INSTALLED_APPS``."""

from __future__ import annotations

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import register
from django.db.models.signals import post_migrate
from django.utils.module_loading import autodiscover_modules


class PoolJobsConfig(AppConfig):
    """Finds the project's jobs, keeps the tables up to date with ``migrate``, and cares for workers' connections."""

    name = "pooljobs.contrib.django"
    label = "pooljobs"
    verbose_name = "Background jobs"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Imports ``jobs.py`` of each installed app; ``tasks.py`` too, where ``django.tasks`` runs on pooljobs."""
        from pooljobs.contrib.django.connection_care import care_for_connections
        from pooljobs.contrib.django.project_checks import check_settings
        from pooljobs.contrib.django.project_jobs import app
        from pooljobs.contrib.django.tables import migrate_tables

        register(check_settings)
        post_migrate.connect(migrate_tables, sender=self)
        care_for_connections(app)
        autodiscover_modules("jobs")
        if any("pooljobs" in str(each.get("BACKEND")) for each in getattr(settings, "TASKS", {}).values()):
            autodiscover_modules("tasks")
