"""Asks the application which database, schema and queues are its own, in a child: the supervisor runs no user code.

An application that cannot be loaded or served says so here, before anything is started for it.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import orjson

from pooljobs.application.app import PoolJobs
from pooljobs.application.declaration import DEFAULT_QUEUE
from pooljobs.application.loading import load_app
from pooljobs.application.readiness import check_ready

_ROOM: Final = 16 << 20
"""Bytes for the answer; what is not written to takes none."""


@dataclass(frozen=True, slots=True)
class AppDeclarations:
    """What ``PoolJobs(dsn=…, schema=…)`` was made with; ``dsn`` is None where it was left to the environment.

    The queues are those that its jobs are declared for, and first the one that jobs are enqueued in by default.
    """

    dsn: str | None = field(repr=False)
    schema: str
    queues: tuple[str, ...]


def ask_app(
    spec: str, in_child: Callable[[Callable[[], object]], None], load: Callable[[str], PoolJobs] = load_app
) -> AppDeclarations:
    """The place of the application ``spec`` names; ``in_child`` runs a function in a child, and leaves if it fails."""
    with mmap.mmap(-1, _ROOM) as answer:  # shared with the child; of any length, where a pipe holds but so much
        in_child(lambda: answer.write(_place_of(load(spec))))
        told = orjson.loads(answer[: answer.find(b"\0")])
    return AppDeclarations(told["dsn"], told["schema"], tuple(told["queues"]))


def _place_of(app: PoolJobs) -> bytes:
    check_ready(app)
    queues = sorted({task.queue for task in app.registry.values()} - {DEFAULT_QUEUE})
    return orjson.dumps({"dsn": app.dsn, "schema": app.schema, "queues": [DEFAULT_QUEUE, *queues]})
