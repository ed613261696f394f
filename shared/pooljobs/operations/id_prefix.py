"""Reads what somebody types for a job's id: all of it, or its start. Pure."""

from __future__ import annotations

import re
from typing import Final
from uuid import UUID

from pooljobs.errors import OptionError

SHORTEST: Final = 12
"""Digits that must be given at least, which are 13 characters with the hyphen: an id's millisecond.

Fewer would name all jobs of seconds, or of weeks, all of which would be read.
"""


def id_range(text: str) -> tuple[UUID, UUID]:
    """The first and the last id that begin with ``text``; hyphens, case, and blanks around it do not count.

    Raises:
        OptionError: ``text`` is not the start of an id, or shorter than ``SHORTEST``.
    """
    digits = text.strip().replace("-", "").lower()
    if not re.fullmatch(r"[0-9a-f]{1,32}", digits):
        raise OptionError(f"{text!r} is not a job's id", hint="ids look like 01981f0e-5b1a-7c3d-9f6e-2a4b8c0d1e2f")
    if len(digits) < SHORTEST:
        raise OptionError(
            f"{text!r} is too short for an id", hint="give its first 13 characters at least, as in 01981f0e-5b1a"
        )
    return UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))
