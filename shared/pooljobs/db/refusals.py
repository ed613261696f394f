"""PostgreSQL's refusals of new jobs, as errors that say what to do."""

from __future__ import annotations

from collections.abc import Callable

from pooljobs.db.faults import MISSING, not_migrated, one_line, refuses_payload
from pooljobs.errors import PayloadError


class translated:  # noqa: N801  # reads as a statement: with translated(schema)
    """Around the statements that store jobs, and nothing else: a caller's own errors must come through."""

    def __init__(self, schema: str, *, unless: Callable[[], bool] = lambda: False) -> None:
        self._schema = schema
        self._unless = unless

    def __enter__(self) -> None: ...

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        if self._unless():
            return
        if isinstance(error, MISSING):
            raise not_migrated(self._schema) from error
        if error is not None and refuses_payload(error):
            # Without the error itself, whose detail and context quote the payload.
            raise PayloadError(f"PostgreSQL refused the payload: {one_line(error)}") from None
