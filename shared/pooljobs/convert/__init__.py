"""Builds a handler's arguments from JSON by their annotations.

An annotation is compiled once, at declaration, into a callable; nothing is interpreted for each job.
Called by ``binder``. Entry point: ``compile_converter``.
"""

from __future__ import annotations

from pooljobs.convert.compiler import compile_converter
from pooljobs.convert.mismatch import Converter, Mismatch

__all__ = ["Converter", "Mismatch", "compile_converter"]
