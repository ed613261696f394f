"""Compares what an enqueue was given with what a worker would make of it. Used by ``binder``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any

from pooljobs.convert import Conversion
from pooljobs.convert.mismatch import Mismatch
from pooljobs.payload.path import at_key
from pooljobs.signature.arguments import refuse
from pooljobs.signature.inspection import HandlerSignature, PayloadParameter


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both sides of one handler's payloads: the parameter that takes all of it, or the conversions by name."""

    job_type: str
    _: KW_ONLY
    whole: PayloadParameter | None
    fields: Mapping[str, Conversion]
    extra: Conversion | None

    def owns(self, payload: Any) -> bool:
        """Whether the payload has the very types that the handler asks for."""
        if self.whole is not None:
            return self.whole.conversion.owns(payload)
        known = self.fields
        return isinstance(payload, dict) and all(n in known and known[n].owns(value) for n, value in payload.items())

    def same(self, payload: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """Raises PayloadError unless these arguments are what was given. What nobody takes is passed over."""
        arrived = {**kwargs, **dict(zip(self.fields, args, strict=False))} if args else kwargs
        try:
            if self.whole is not None:
                self.whole.conversion.same(payload, arrived[self.whole.name])
            else:
                self._same_fields(payload, arrived)
        except Mismatch as found:
            refuse(self.job_type, found)

    def _same_fields(self, payload: Mapping[str, Any], arrived: Mapping[str, Any]) -> None:
        for name, value in payload.items():
            conversion = self.fields.get(name, self.extra)
            if conversion is None or name not in arrived:
                continue
            try:
                conversion.same(value, arrived[name])
            except Mismatch as found:
                raise found.under(at_key(name)) from None


def compile_comparison(job_type: str, signature: HandlerSignature) -> Comparison:
    """The comparison of a handler's payloads."""
    return Comparison(
        job_type,
        whole=signature.payload[0] if signature.whole else None,
        fields={parameter.name: parameter.conversion for parameter in signature.payload},
        extra=signature.extra,
    )
