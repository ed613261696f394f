"""Turns payloads into a handler's arguments, and an enqueuing call into a payload.

Everything is decided at declaration; what is left to do for each job are a few dictionary operations and the
converters that the annotations ask for. Called by ``Task`` (enqueue) and by the worker (``check``, then ``inject``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any, NoReturn, TypeAlias

import orjson

from pooljobs.convert.conversion import ANYTHING
from pooljobs.convert.mismatch import Mismatch, kind_of, unknown
from pooljobs.errors import PayloadError
from pooljobs.handler.context import JobContext
from pooljobs.handler.state import StateContainer
from pooljobs.payload.encoding import encode
from pooljobs.signature.arguments import ReadPayload, compile_payload_reader, fallen, refuse
from pooljobs.signature.comparison import Comparison, compile_comparison
from pooljobs.signature.exact_match import compile_fits
from pooljobs.signature.inspection import HandlerSignature, PayloadParameter

ContextFactory: TypeAlias = Callable[[], JobContext]


@dataclass(frozen=True, slots=True)
class Binder:
    """The compiled form of one handler's signature.

    Attributes:
        job_type: Name that errors begin with.
        payload_name: What errors call a payload.
        signature: What the handler takes.
        check: ``check(payload)`` gives the positional and keyword arguments that come from the payload, and may be it.
            Raises PayloadError where the payload does not fit, or a class of the user's does not take it.
        fits: ``fits(payload)`` tells of a payload that could be encoded that it will arrive as it is; false where
            that cannot be told.
        takes_anything: The whole payload is taken, and is any JSON.
        comparison: What was sent beside what would arrive.
        injected: Parameters that get the ``JobContext``, or application state.
    """

    job_type: str
    _: KW_ONLY
    payload_name: str
    signature: HandlerSignature
    check: ReadPayload
    fits: Callable[[Any], bool]
    takes_anything: bool
    comparison: Comparison
    injected: frozenset[str]

    @property
    def state_types(self) -> tuple[object, ...]:
        """Types that must be provided before the handler can run."""
        return tuple(type_ for _, type_ in self.signature.states)

    @property
    def injects(self) -> bool:
        """Whether ``inject`` adds something to what ``check`` gives."""
        return bool(self.injected)

    def inject(self, given: dict[str, Any], make_context: ContextFactory, state: StateContainer) -> dict[str, Any]:
        """The keyword arguments that ``check`` gave, in a dict of their own, and those that are injected.

        The context is made only for a handler that takes one. Raises what a provider of state raises.
        """
        kwargs = {**given}  # it may be the payload itself
        for name, type_ in self.signature.states:
            kwargs[name] = state.get(type_)
        for name in self.signature.contexts:
            kwargs[name] = make_context()
        return kwargs

    def payload_of(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """The payload that ``enqueue(*args, **kwargs)`` means. Defaults are left to the run, so that they may change.

        Raises:
            PayloadError: A field is missing, unknown, injected or given twice.
        """
        given = _named(self.job_type, self.signature.payload, args)
        if self.injected and not self.injected.isdisjoint(kwargs):
            self._refuse_injected(kwargs)
        for name, value in kwargs.items():
            if name in given:
                raise PayloadError(f"{self.job_type}: payload field {name!r} is given twice")
            given[name] = value
        return self._whole(given) if self.signature.whole else given

    def payload_of_item(self, item: Any) -> Any:
        """The payload that one item of ``enqueue_many`` means: the whole payload, or a mapping of keywords."""
        if self.signature.whole or type(item) is dict:
            return item
        if isinstance(item, Mapping):
            return dict(item)
        raise PayloadError(f"{self.job_type}: each item must be a dict of keyword arguments, not {kind_of(item)}")

    def encoded(self, payload: Any) -> bytes:
        """``payload`` as JSON, checked the way a worker will read it: from its JSON.

        Raises:
            PayloadError: It cannot be stored, the handler does not take it, or it would arrive as something else.
        """
        encoded = encode(payload, where=self.payload_name)
        try:
            if not self.fits(payload):
                decoded = orjson.loads(encoded)
                if not (self.takes_anything and decoded == payload):
                    self._read_back(payload, decoded)
        except (PayloadError, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001  # a class of the user's may raise anything
            refuse(self.job_type, fallen(error))
        return encoded

    def encoded_item(self, item: Any) -> bytes:
        """The same of one item of ``enqueue_many``."""
        return self.encoded(self.payload_of_item(item))

    def _refuse_injected(self, kwargs: Mapping[str, Any]) -> NoReturn:
        names = ", ".join(name for name in kwargs if name in self.injected)
        raise PayloadError(f"{self.job_type}: {names} is injected by the worker", hint="leave it out of the enqueue")

    def _read_back(self, payload: Any, decoded: Any) -> None:
        try:
            args, kwargs = self.check(decoded)
        except PayloadError as error:
            hint = "its type is right: it breaks a constraint, or its class does not read the JSON that is made of it"
            raise PayloadError(str(error), hint=hint if self.comparison.owns(payload) else error.hint) from error
        self.comparison.same(payload, args, kwargs)

    def _whole(self, given: dict[str, Any]) -> Any:
        parameter = self.signature.payload[0]
        value = given.pop(parameter.name, parameter.default)
        for name in given:
            refuse(self.job_type, unknown(name, [parameter.name]))
        if value is parameter.default and parameter.required:
            refuse(self.job_type, Mismatch(" is missing"))
        return value


def compile_binder(job_type: str, signature: HandlerSignature) -> Binder:
    """The binder of a handler."""
    return Binder(
        job_type,
        payload_name=f"{job_type}: payload",
        signature=signature,
        check=compile_payload_reader(job_type, signature),
        fits=compile_fits(signature),
        takes_anything=signature.whole and signature.payload[0].conversion is ANYTHING,
        comparison=compile_comparison(job_type, signature),
        injected=signature.injected,
    )


def _named(job_type: str, parameters: tuple[PayloadParameter, ...], args: tuple[Any, ...]) -> dict[str, Any]:
    if len(args) > len(parameters):
        names = ", ".join(p.name for p in parameters) or "none"
        raise PayloadError(f"{job_type}: {len(args)} positional arguments given, and its payload takes: {names}")
    return {p.name: value for p, value in zip(parameters, args, strict=False)}
