"""A job's payload for people, without what its handler keeps secret."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any, Final

from pooljobs.contrib.django import project_settings
from pooljobs.contrib.django.models import Job
from pooljobs.job.secret_values import MASK

_LONGEST: Final = 20_000
"""Characters of a payload that are shown."""


def shown(job: Job) -> str:
    """As JSON, over several lines."""
    return json.dumps(_masked(job.payload, _secrets(job)), indent=2, ensure_ascii=False)[:_LONGEST]


def _secrets(job: Job) -> Collection[str]:
    """As they were declared last, by whatever worker."""
    query = f"SELECT secret FROM {project_settings.quoted_schema()}.look_up_types(CAST(ARRAY[%s] AS text[]))"  # noqa: S608
    with project_settings.database().cursor() as cursor:
        cursor.execute(query, [job.job_type])
        row = cursor.fetchone()
    return (row and row[0]) or ()


def _masked(payload: Any, names: Collection[str]) -> Any:
    if not isinstance(payload, dict):
        return payload
    return {name: MASK if name in names else value for name, value in payload.items()}
