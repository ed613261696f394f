"""Migrations of tomorrow: what a database of today's schema is taken through."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from pooljobs.db import columns, statements
from pooljobs.db.columns import Column
from pooljobs.db.schema import migrations as module

_files = module._files


@contextmanager
def with_migrations(**texts: str) -> Iterator[None]:
    """This pooljobs has these migrations too, each named like ``m0900_name``; an empty text is one that it lacks."""
    added = {name.removeprefix("m"): text for name, text in texts.items()}

    def files(folder: str) -> dict[str, str]:
        found = _files(folder)
        if folder == "migrations":
            found = {name: text for name, text in (found | added).items() if text}
        return found

    with patch.object(module, "_files", files):
        yield


NEEDED = {"look_up_types": 104, "progress": 115}
"""The migration that a function needs, since its body is bound when it is made, or a column of the view's."""


@contextmanager
def only_until(version: int) -> Iterator[None]:
    """This pooljobs knows no later migration, nor functions and columns that need one."""
    later = [one for one in module.migrations() if one.version > version]
    late = {one.name for one in later} | {name for name, needed in NEEDED.items() if needed > version}
    added = {name for one in later for name in re.findall(r"(?:live|history) ADD COLUMN (\w+)", one.text)}

    def files(folder: str) -> dict[str, str]:
        return {name: text for name, text in _files(folder).items() if name not in late}

    known = (column for column in columns.JOB_COLUMNS if column.name not in added | late)
    with patch.object(module, "_files", files), job_columns(*known):
        yield


@contextmanager
def job_columns(*known: Column) -> Iterator[None]:
    """This pooljobs knows these columns of a job."""
    statements._rendered.cache_clear()
    try:
        with patch.object(columns, "JOB_COLUMNS", known):
            yield
    finally:
        statements._rendered.cache_clear()


@contextmanager
def with_function(name: str, text: str) -> Iterator[None]:
    """This pooljobs has another text of one function."""

    def files(folder: str) -> dict[str, str]:
        return _files(folder) | ({name: text} if folder == "functions" else {})

    with patch.object(module, "_files", files):
        yield
