"""What a handler asks for, taken apart once for each job type: what is a run's, what lives in a loop. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from pooljobs.application.task import Task
from pooljobs.handler.provider import Provider
from pooljobs.handler.state import StateContainer
from pooljobs_worker.dispatch.run_layer import Filled


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """How one handler's parameters are filled that its payload does not fill.

    Attributes:
        plain: Types whose values this process has, the handler's own and what the rest needs.
        in_loop: Types whose values the event loop has.
        run: What is opened for each run, in this order.
        states: The handler's parameters, and their types.
        contexts: Those that get the ``JobContext``.
        is_async: Something of it is made in an event loop.
    """

    plain: tuple[object, ...]
    in_loop: tuple[object, ...]
    run: tuple[Provider, ...]
    states: tuple[tuple[str, object], ...]
    contexts: tuple[str, ...]
    is_async: bool

    @property
    def surrounds(self) -> bool:
        """Whether something of it is made and closed around the handler's call."""
        return bool(self.run or self.in_loop)

    @property
    def filled(self) -> Filled:
        """Of the states those that are not there before the run."""
        return tuple((name, type_) for name, type_ in self.states if type_ not in self.plain)


def plan_of(task: Task, state: StateContainer) -> RunPlan:
    """The plan of a handler.

    Raises:
        DeclarationError: Something that it needs is not provided, or cannot be.
    """
    signature, providers = task.binder.signature, state.providers
    needed = providers.needed(task.binder.state_types)
    kept = [each for each in needed if each.scope == "worker"]
    return RunPlan(
        plain=tuple(each.type_ for each in kept if not providers.in_loop(each)),
        in_loop=tuple(each.type_ for each in kept if providers.in_loop(each)),
        run=tuple(each for each in needed if each.scope == "run"),
        states=signature.states,
        contexts=signature.contexts,
        is_async=any(each.is_async for each in needed),
    )
