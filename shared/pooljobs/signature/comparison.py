"""Compares what an enqueue was given with what a worker would make of it. Used by ``binder``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pooljobs.convert.mismatch import Mismatch
from pooljobs.payload.path import at_key
from pooljobs.signature.arguments import refuse
from pooljobs.signature.reading import HandlerSignature


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both sides of one handler's payloads."""

    job_type: str
    signature: HandlerSignature

    def owns(self, payload: Any) -> bool:
        """Whether the payload has the very types that the handler asks for."""
        if self.signature.whole:
            return self.signature.payload[0].conversion.owns(payload)
        known = {parameter.name: parameter.conversion for parameter in self.signature.payload}
        return isinstance(payload, dict) and all(
            name in known and known[name].owns(value) for name, value in payload.items()
        )

    def same(self, payload: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Raises PayloadError unless these arguments are what was given. What nobody takes is passed over."""
        arrived = {**kwargs, **{p.name: value for p, value in zip(self.signature.payload, args, strict=False)}}
        try:
            if self.signature.whole:
                parameter = self.signature.payload[0]
                parameter.conversion.same(payload, arrived[parameter.name])
            else:
                self._same_fields(payload, arrived)
        except Mismatch as found:
            refuse(self.job_type, found)

    def _same_fields(self, payload: dict[str, Any], arrived: dict[str, Any]) -> None:
        known = {parameter.name: parameter.conversion for parameter in self.signature.payload}
        for name, value in payload.items():
            conversion = known.get(name, self.signature.extra)
            if conversion is None or name not in arrived:
                continue
            try:
                conversion.same(value, arrived[name])
            except Mismatch as found:
                raise found.under(at_key(name)) from None
