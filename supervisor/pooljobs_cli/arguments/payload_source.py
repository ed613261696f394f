"""Reads what ``--payload`` names: JSON itself, ``@FILE``, or ``-`` for stdin."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from pooljobs.errors import PayloadError
from pooljobs.payload.encoding import decode


def read_payload(given: str) -> Any:
    """The payload's value.

    Raises:
        PayloadError: There is no such file, or it is not JSON.
    """
    raw, where = _raw(given)
    try:
        return decode(raw)
    except PayloadError as error:
        shell = """quote it for the shell, for example --payload '{"to": "a@example.com"}'"""
        hint = shell if where == "--payload" else f"check what is in {where}"
        raise PayloadError(f"{where}: {error}", hint=hint) from error


def _stdin() -> bytes:
    if sys.stdin is None:
        raise PayloadError("cannot read the payload from stdin: it is closed")
    try:
        return sys.stdin.buffer.read()
    except OSError as error:
        raise PayloadError(f"cannot read the payload from stdin: {error.strerror or error}") from error


def _raw(given: str) -> tuple[bytes, str]:
    if given == "-":
        return _stdin(), "stdin"
    if not given.startswith("@"):
        return given.encode("utf-8", "surrogateescape"), "--payload"
    path = Path(given[1:])
    try:
        return path.read_bytes(), str(path)
    except OSError as error:
        raise PayloadError(f"cannot read the payload from {path}: {error.strerror or error}") from error
