"""Tags and meta of a claimed job, as texts: they are read when its handler asks for them."""

from __future__ import annotations

from typing import Any, NamedTuple

from pooljobs.payload.encoding import decode


class JobLabels(NamedTuple):
    """Two JSON documents; None for none. Whoever inserts what he likes may have put anything there."""

    tags: str | None = None
    meta: str | None = None

    def read_tags(self) -> tuple[str, ...]:
        """The tags; what is no text is left out."""
        found = None if self.tags is None else decode(self.tags)
        return tuple(tag for tag in found if isinstance(tag, str)) if isinstance(found, list) else ()

    def read_meta(self) -> dict[str, Any]:
        """The meta; empty where that is no object.

        Raises:
            PayloadError: It is nested too deeply.
        """
        found = None if self.meta is None else decode(self.meta)
        return found if isinstance(found, dict) else {}
