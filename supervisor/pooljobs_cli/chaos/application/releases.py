"""The application's releases: what both have, and the jobs on which they differ, as releases of real ones do.

Of these no handler raises anything. So whichever of them has failed was failed by somebody who had no handler for it,
or whose handler did not take its payload.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from inspect import signature
from typing import Any, Final

from pooljobs import JobContext, PoolJobs, State

from . import handlers
from .journal import Journal, open_journal

RELEASE_FILE: Final = "POOLJOBS_CHAOS_RELEASE"
"""Variable that tells workers the file with the name of their host's release."""


class Release(Enum):
    """What may be deployed on a host."""

    OLD = "old"
    NEW = "new"
    BOTH = "both"
    """Takes the jobs of both, and asks nothing of pooljobs that it has not always had."""


def make_app(release: Release) -> PoolJobs:
    """The application as this release has it."""
    app = PoolJobs(schema=handlers.SCHEMA)
    app.provide(Journal, open_journal)
    handlers.declare(app)
    _DECLARE[release](app)
    _tick(app, release)
    return app


def _tick(app: PoolJobs, release: Release) -> None:
    """With a schedule, where this pooljobs knows of any."""
    rule: dict[str, Any] = {
        "every": 1,
        "catch_up": "all",
        "overlap": "allow",
        "cron_payload": {"release": release.value},
    }
    known = "every" in signature(PoolJobs.job).parameters
    app.job(name="ticking", **(rule if known else {}))(handlers.ticking)


def _old(app: PoolJobs) -> None:
    @app.job
    def field_more(ms: float, journal: State[Journal], ctx: JobContext) -> None:
        handlers.quick(ms, journal, ctx)

    @app.job
    def field_less(ms: float, colour: str, journal: State[Journal], ctx: JobContext) -> None:  # noqa: ARG001
        handlers.quick(ms, journal, ctx)

    _simple(app, "only_old")
    _simple(app, "old_name")


def _new(app: PoolJobs) -> None:
    @app.job
    def field_more(ms: float, gift: bool, journal: State[Journal], ctx: JobContext) -> None:  # noqa: ARG001
        handlers.quick(ms, journal, ctx)

    @app.job(extra="ignore")
    def field_less(ms: float, journal: State[Journal], ctx: JobContext) -> None:
        handlers.quick(ms, journal, ctx)

    _simple(app, "only_new")
    app.job(name="new_name", aliases=("old_name",))(handlers.quick)


def _both(app: PoolJobs) -> None:
    @app.job
    def field_more(ms: float, journal: State[Journal], ctx: JobContext, gift: bool = False) -> None:  # noqa: ARG001
        handlers.quick(ms, journal, ctx)

    @app.job
    def field_less(ms: float, journal: State[Journal], ctx: JobContext, colour: str = "") -> None:  # noqa: ARG001
        handlers.quick(ms, journal, ctx)

    for name in ("only_old", "only_new", "old_name", "new_name"):
        _simple(app, name)


def _simple(app: PoolJobs, name: str) -> None:
    app.job(name=name)(handlers.quick)


_DECLARE: Final[Mapping[Release, Callable[[PoolJobs], None]]] = {
    Release.OLD: _old,
    Release.NEW: _new,
    Release.BOTH: _both,
}
