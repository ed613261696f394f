"""What cases ask the database."""

from __future__ import annotations

from typing import Any

import psycopg
from django.db import connections

from pooljobs.contrib.django import project_settings


def seen(alias: str = "default") -> list[str]:
    """Names that jobs wait to greet, as this thread's connection sees them."""
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT payload ->> 'name' FROM background.jobs WHERE job_type = 'greet' ORDER BY id")
        return [name for (name,) in cursor.fetchall()]


def committed() -> list[str]:
    """The same as others see them."""
    return [name for (name,) in elsewhere("SELECT payload ->> 'name' FROM background.live ORDER BY id")]


def elsewhere(query: str, parameters: Any = None) -> list[Any]:
    """What another connection to the same database answers."""
    with psycopg.connect(project_settings.dsn(), autocommit=True) as connection:
        cursor = connection.execute(query.encode(), parameters)
        return cursor.fetchall() if cursor.description else []
