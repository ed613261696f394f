"""Builds a handler's arguments from JSON by their annotations.

An annotation is compiled once, at declaration, into callables; nothing is interpreted for each job.
Called by ``binder``. Entry point: ``compile_conversion``.
"""

from __future__ import annotations

from pooljobs.convert.compiler import compile_conversion
from pooljobs.convert.conversion import Conversion
from pooljobs.convert.mismatch import Mismatch

__all__ = ["Conversion", "Mismatch", "compile_conversion"]
