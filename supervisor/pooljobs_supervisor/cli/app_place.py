"""Asks the application which database and schema are its own, in a child: the supervisor runs no user code.

An application that cannot be loaded or served says so here, before anything is started for it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field

import orjson

from pooljobs.application.app import PoolJobs
from pooljobs.application.loading import load_app
from pooljobs.application.readiness import check_ready


@dataclass(frozen=True, slots=True)
class AppPlace:
    """What ``PoolJobs(dsn=…, schema=…)`` was made with; ``dsn`` is None where it was left to the environment."""

    dsn: str | None = field(repr=False)
    schema: str


def ask_app(
    spec: str, in_child: Callable[[Callable[[], object]], None], load: Callable[[str], PoolJobs] = load_app
) -> AppPlace:
    """The place of the application ``spec`` names; ``in_child`` runs a function in a child, and leaves if it fails."""
    reader, writer = os.pipe()
    try:
        in_child(lambda: _answer(load(spec), writer))
        return AppPlace(**orjson.loads(os.read(reader, 65536)))
    finally:
        os.close(reader)
        os.close(writer)


def _answer(app: PoolJobs, writer: int) -> None:
    check_ready(app)
    os.write(writer, orjson.dumps({"dsn": app.dsn, "schema": app.schema}))
