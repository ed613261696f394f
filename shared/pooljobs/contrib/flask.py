"""Flask: handlers run inside the application's context, as views do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from pooljobs.application.app import PoolJobs


def run_in_context(jobs: PoolJobs, app: Flask) -> None:
    """Have each run, of plain and of async handlers, happen in an ``app.app_context()`` of its own.

    ``current_app``, ``g`` and extensions work in handlers then, and what is registered by ``teardown_appcontext`` is
    called at the run's end, with the handler's exception if there is one.
    """

    @jobs.around
    def in_app_context() -> Iterator[None]:
        with app.app_context():
            yield
