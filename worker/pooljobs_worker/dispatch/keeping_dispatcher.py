"""The dispatcher that keeps what handlers return, for tests of one handler. Apart, so that others pay nothing.

It stands here, among the frames of the worker, so that what is told of a failed run begins with the handler's own.
"""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable
from typing import Any

from pooljobs.application.task import Task
from pooljobs_worker.dispatch.awaitables import is_awaitable
from pooljobs_worker.dispatch.dispatcher import Dispatcher


class KeepingDispatcher(Dispatcher):
    """As any.

    Attributes:
        returned: What the last handler returned, or what came of awaiting that; None where it raised.
    """

    returned: object = None

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._registry = {job_type: self._kept(task) for job_type, task in self._registry.items()}

    def _kept(self, task: Task) -> Task:
        """The task with a handler that leaves here what it returns: inside of all hooks, which see none of it."""
        kept = copy.copy(task)
        kept.function = self._keeping(task.function)
        return kept

    def _keeping(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Any:
            result = function(*args, **kwargs)
            if is_awaitable(result):
                return self._awaited(result)
            self.returned = result
            return result

        return run

    async def _awaited(self, result: Awaitable[Any]) -> None:
        left: object = result
        while is_awaitable(left):
            left = await left
        self.returned = left
