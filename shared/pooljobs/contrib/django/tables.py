"""pooljobs' tables come with ``manage.py migrate``, and so into each test database: by pooljobs' own migrations."""

from __future__ import annotations

from typing import Any

from pooljobs.contrib.django import project_settings


def migrate_tables(*, using: str, verbosity: int = 1, stdout: Any = None, **given: Any) -> None:
    """After ``migrate`` of the database that holds the jobs, and of no other. Safe while workers run.

    ``flush``, which calls this too, but with no plan, takes the jobs away with all other data: so does the end of each
    ``TransactionTestCase``.
    """
    if using != project_settings.alias():
        return
    if "plan" not in given:
        _empty()
        return
    from pooljobs.db.schema.migrator import migrate

    report = migrate(project_settings.dsn(), project_settings.schema())
    changed = [*report.applied, *report.mended]
    if changed and verbosity >= 1:
        told = f"Background jobs: schema {project_settings.schema()} is at version {report.version}\n"
        stdout.write(told) if stdout is not None else print(told, end="")  # noqa: T201


def _empty() -> None:
    from pooljobs.db.statements import Statements

    with project_settings.database().cursor() as cursor:
        cursor.execute(Statements(project_settings.schema()).load("delete_jobs").decode())
