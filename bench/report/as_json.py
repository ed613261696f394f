"""The report as JSON: every figure that was taken, round by round. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from bench.section import Section


def render(sections: Sequence[Section], facts: Mapping[str, str], server: Mapping[str, str], effort: str) -> str:
    """One object: ``machine``, ``postgresql``, ``effort``, and each section's figures under its name."""
    figures = {section.name: section.data for section in sections}
    return (
        json.dumps({"machine": dict(facts), "postgresql": dict(server), "effort": effort, **figures}, indent=2) + "\n"
    )
