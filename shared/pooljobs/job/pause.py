"""What somebody asks for who pauses or resumes: a value, checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pooljobs.errors import OptionError
from pooljobs.job.error_text import clean
from pooljobs.job.options import check_name

PauseKind = Literal["queue", "type"]


@dataclass(frozen=True, slots=True)
class PauseTarget:
    """A queue or a job type.

    Raises:
        OptionError: It can have no such name.
    """

    kind: PauseKind
    name: str

    def __post_init__(self) -> None:
        check_name("a queue's name" if self.kind == "queue" else "a job type's name", self.name)

    def __str__(self) -> str:
        return f"queue {self.name!r}" if self.kind == "queue" else f"job type {self.name!r}"


@dataclass(frozen=True, slots=True)
class PauseNote:
    """Who pauses, as he calls himself, and why; of both the first line is kept.

    Raises:
        OptionError: One of them is no text.
    """

    reason: str | None = None
    by: str | None = None

    def __post_init__(self) -> None:
        for what, given in (("reason", self.reason), ("by", self.by)):
            if given is not None and not isinstance(given, str):
                raise OptionError(f"{what} must be a text, not {given!r}")

    def parameters(self) -> dict[str, object]:
        """As ``pause.sql`` takes them."""
        return {
            "reason": None if self.reason is None else clean(self.reason),
            "paused_by": None if self.by is None else clean(self.by),
        }
