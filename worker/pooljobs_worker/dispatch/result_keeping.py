"""Keeps what handlers return, of job types that want that: as JSON, inside of all hooks, in the handler's own thread.

The handler of such a type is wrapped when its first job comes; that of any other is called as it is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from pooljobs.errors import PayloadError
from pooljobs.handler.context import current_job
from pooljobs.job.error_text import clean, headline
from pooljobs.job.verdict import KeptResult
from pooljobs.payload.encoding import encode
from pooljobs_worker.dispatch.awaitables import is_awaitable

_PLAIN: Final = frozenset({dict, list, str, int, float, bool, type(None)})
"""Of these nothing is to be awaited, which takes longer to ask than to know."""

_NOTHING: Final = b"null"


def keeping(function: Callable[..., Any], most_bytes: int) -> Callable[..., Any]:
    """The handler; what it returns, or what comes of awaiting that, is left with the job that runs in this context."""

    def run(*args: Any, **kwargs: Any) -> Awaitable[None] | None:
        result = function(*args, **kwargs)
        if type(result) not in _PLAIN and is_awaitable(result):
            return _awaited(result, most_bytes)
        job: Any = current_job()
        job.kept = kept_of(result, most_bytes)
        return None

    return run


async def _awaited(result: Awaitable[Any], most_bytes: int) -> None:
    left: object = result
    while is_awaitable(left):
        left = await left
    job: Any = current_job()
    job.kept = kept_of(left, most_bytes)


def kept_of(value: object, most_bytes: int) -> KeptResult:
    """The value as it is stored; where it cannot be, that undoes nothing of the job, and is noted."""
    if value is None:
        return _NOTHING
    try:
        encoded = encode(value, where="result")
    except PayloadError as error:
        return clean(str(error))
    except Exception as error:  # noqa: BLE001  # a class of the user's may raise anything when it is looked at
        return clean(f"result: {headline(error)}")
    if len(encoded) > most_bytes:
        return f"result: {len(encoded):,} bytes of JSON, and {most_bytes:,} are kept (result_limit)"
    return encoded
