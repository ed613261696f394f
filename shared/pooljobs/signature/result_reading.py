"""Makes of a stored result what the handler's return annotation says. Used by ``Task``, where somebody asks for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from pooljobs.convert import compile_conversion
from pooljobs.convert.mismatch import Mismatch
from pooljobs.errors import DeclarationError, PayloadError
from pooljobs.payload.encoding import decode
from pooljobs.signature.arguments import fallen
from pooljobs.signature.inspection import returned

ReadResult: TypeAlias = Callable[[str], Any]
"""From the stored JSON to the value. Raises PayloadError where the annotation does not take it."""


def compile_result_reader(function: Callable[..., object], name: str) -> ReadResult:
    """The reader for the handler called ``name``.

    Raises:
        DeclarationError: What is annotated cannot be resolved, or cannot be built from JSON.
    """
    cure: str | None = None
    try:
        annotation = returned(function, name)
        cure = "annotate what JSON can hold"  # and nothing that is injected
        read = compile_conversion(annotation).read
    except DeclarationError as error:
        told = f"{name}: what it returns could not be read again: {str(error).removeprefix(f'{name}: ')}"
        raise DeclarationError(told, hint=f"{cure or error.hint}; or keep none: @app.job(result=False)") from None

    def read_result(text: str) -> Any:
        value = decode(text, where="result")
        try:
            return value if read is None else read(value)
        except Mismatch as found:
            raise PayloadError(f"{name}: {found.told('result')}") from found.__cause__
        except Exception as error:
            raise PayloadError(f"{name}: {fallen(error).told('result')}") from error

    return read_result
