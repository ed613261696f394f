"""Names that look like a setting's variable and are none: a mistyped one has no effect, which somebody has to say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from pooljobs.settings.variables import PREFIX, by_variable

ELSEWHERE: Final = ("POOLJOBS_DSN", "POOLJOBS_DATA_DIR", "POOLJOBS_PG_BINDIR", "POOLJOBS_PG_USER")
"""Those that are no settings of ``serve``, and mean the same to every command and application."""

INTERNAL: Final = ("POOLJOBS_BENCH_", "POOLJOBS_CHAOS_", "POOLJOBS_TEST_")
"""How those begin by which parts of pooljobs, and its tests, tell each other something."""

_KUBERNETES: Final = re.compile(r"_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$")
"""What Kubernetes gives every container for a Service whose name begins with pooljobs."""

_MEANT: Final[Mapping[str, str]] = {
    "DATABASE": "POOLJOBS_DSN",
    "DATABASE_URL": "POOLJOBS_DSN",
    "EMBEDDED": "POOLJOBS_DSN=embedded",
    "PROCESSES": "POOLJOBS_PROCS",
    "URL": "POOLJOBS_DSN",
    "WORKERS": "POOLJOBS_PROCS",
}
"""What is not spelled like what it means."""

_ALIKE: Final = 0.65


def unknown(environ: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each; it names what is likely meant. Values are not told."""
    known = [*by_variable(), *ELSEWHERE]
    for name in sorted(environ):
        upper = name.upper()
        if not upper.startswith(PREFIX) or name in known or upper.startswith(INTERNAL) or _KUBERNETES.search(upper):
            continue
        told = f"{name} is no variable of pooljobs, and has no effect"
        if meant := upper if upper in known else _likeliest(upper, known):
            yield f"{told}: is {meant} meant?"
        elif name == upper:  # in small letters, and like none of ours, it is somebody's own
            yield told


def _likeliest(name: str, known: Sequence[str]) -> str | None:
    from difflib import get_close_matches  # for who mistypes one

    bare = name.removeprefix(PREFIX)
    close = get_close_matches(bare, [each.removeprefix(PREFIX) for each in known], n=1, cutoff=_ALIKE)
    return _MEANT.get(bare) or (f"{PREFIX}{close[0]}" if close else None)
