"""The commands' names and what each does in a line, told by the overview without importing any of them; and which of
them a command line is for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

SUMMARIES: Final[Mapping[str, str]] = {
    "serve": "Runs the workers until told to stop.",
    "migrate": "Creates pooljobs' tables, or brings them up to this version.",
    "grant": "Prints the SQL that grants a database role what it needs; --run carries it out.",
    "enqueue": "Enqueues one job and prints its id.",
    "jobs": "Looks at jobs, runs them again, cancels them.",
    "schedules": "Looks at what is enqueued again and again; adds, edits, pauses, runs and removes it.",
    "queues": "Lists, pauses and resumes queues.",
    "types": "Lists, pauses and resumes job types.",
    "stats": "Shows how each queue stands: what waits and runs now, and what the last hour brought.",
    "embedded": "Looks at the embedded PostgreSQL of a project, stops it, removes its data.",
    "demo": "Shows it at work: ten thousand jobs, eight workers, a few crashes, and an audit.",
    "bench": "Measures how fast this database and this machine run jobs, and says what bounds them.",
    "chaos": "Kills and stops workers, supervisors, connections and the server, deploys meanwhile, then checks that no "
    "job was harmed.",
}
"""In the order of the help. Each is the module beside this one that has its name."""


def asked_for(arguments: Sequence[str]) -> str | None:
    """The command; None for the overview, and for what is none. No option before a command takes a value.

    >>> asked_for(["jobs", "list"])
    'jobs'
    """
    first = next((argument for argument in arguments if not argument.startswith("-")), None)
    return first if first in SUMMARIES else None
