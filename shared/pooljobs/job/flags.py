"""What the bits of a job's ``flags`` ask of the worker that runs it. None asks anything yet.

A bit is for what an older pooljobs would do wrong if it ran the job as any other. So a worker that meets a bit which is
not in ``KNOWN`` gives the job back as it was, and passes such jobs over from then on: workers of a newer version, which
may run beside it, take them.
"""

from __future__ import annotations

from typing import Final

KNOWN: Final = 0
"""All bits that this version understands."""

UNKNOWN: Final = ~KNOWN
"""All others, those of no version yet too; a smallint, as the column is."""
