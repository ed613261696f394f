"""What ``manage.py check`` says of a project's settings."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error

from pooljobs.contrib.django import project_settings
from pooljobs.errors import OptionError


def check_settings(**_given: Any) -> list[CheckMessage]:
    """That jobs have a database, and a schema in it. Connects to nothing."""
    try:
        project_settings.schema()
        project_settings.dsn()
    except OptionError as error:
        return [Error(str(error), hint=error.hint, id="pooljobs.E001")]
    return []
