"""The decorators of an application that register its hooks: what is called around runs, at enqueues, after failures."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

from pooljobs.hooks import Around, Hooks, OnEnqueue, OnFailure, check_alike, check_around, check_plain

A = TypeVar("A", bound=Around)
E = TypeVar("E", bound=OnEnqueue)
F = TypeVar("F", bound=OnFailure)
W = TypeVar("W", bound=Callable[[], Any])


class HookMethods:
    """Each decorator gives back the function that it was given.

    Attributes:
        hooks: Those that are registered. A worker reads them when it first meets a job type.
    """

    hooks: Hooks

    def around(self, hook: A, *, awaited: Callable[..., AsyncIterator[Any]] | None = None) -> A:
        """Surround each run of each handler: a generator function, whose ``yield`` is where the handler runs.

        It takes the ``JobContext``, or nothing. What the handler raises is raised at the ``yield``; what the hook
        raises counts as raised by the handler, and a hook that catches it without raising makes the run a success. The
        first one registered is outermost. An asynchronous generator surrounds async handlers alone: a worker refuses
        to start where the application has plain ones too; ``awaited`` is one that surrounds async handlers in the place
        of ``hook``, where that would have to block. Nothing is done around a job that does not begin, or whose
        payload is refused.

        Raises:
            DeclarationError: It is no generator function, or takes more than the job; or ``awaited`` takes another.
        """
        check_around(hook)
        if awaited is not None:
            check_around(awaited)
            check_alike(hook, awaited)
            self.hooks.awaited[hook] = awaited
        self.hooks.around.append(hook)
        return hook

    def on_enqueue(self, hook: E) -> E:
        """Have a function see each job before it is stored; it may return another in its place, or None.

        ``NewJob`` is a named tuple: ``return job._replace(trace_id=…)``. What it raises is raised by the enqueue, and
        nothing is stored. For ``enqueue_many`` it is called once, with an empty payload.

        Raises:
            DeclarationError: It is asynchronous, or does not take one argument.
        """
        check_plain(hook, 1, "the job that is to be stored")
        self.hooks.on_enqueue.append(hook)
        return hook

    def on_failure(self, hook: F) -> F:
        """Call a function after each failed run, with the ``JobContext``, the error, and whether it was the last run.

        It is called in the worker, in the run's own context, before the failure is settled: a job whose worker is
        killed then runs, and fails, once more. Not called for runs that were cut short by a crash or a kill, nor for
        ``Snooze``, ``Discard`` and cancellations. What it raises is logged, and changes nothing.

        Raises:
            DeclarationError: It is asynchronous, or does not take three arguments.
        """
        check_plain(hook, 3, "the JobContext, the error and whether it is final")
        self.hooks.on_failure.append(hook)
        return hook

    def on_worker_start(self, hook: W) -> W:
        """Have a function called in each worker before it takes jobs. What it raises fails the worker's boot.

        Raises:
            DeclarationError: It is asynchronous, or takes arguments.
        """
        check_plain(hook, 0, "nothing")
        self.hooks.on_worker_start.append(hook)
        return hook

    def on_worker_stop(self, hook: W) -> W:
        """Have a function called in each worker when it leaves, after its last job. What it raises is logged.

        Raises:
            DeclarationError: It is asynchronous, or takes arguments.
        """
        check_plain(hook, 0, "nothing")
        self.hooks.on_worker_stop.append(hook)
        return hook
