"""Storms: one harm again and again, under which harmless jobs must neither fail nor wait. Pure values.

The usual plan mixes harms, and lets their effects be as long as they take. A storm is about their frequency: a few jobs
in a hundred that end their process, a worker that is killed each second, a steward that is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pooljobs_cli.chaos.job_mixture import JobMixture
from pooljobs_cli.chaos.schedule import Kind, Tempo

EACH_SECOND: Final = Tempo(pause=(1.0, 1.0))

LONGEST_WAIT: Final = 1.0
"""Seconds that 99 of 100 harmless jobs may wait until the run begins that completes them."""

POLL_INTERVAL: Final = 5.0
"""Seconds, as by default: who is not woken is seen to sleep."""


@dataclass(frozen=True, slots=True)
class Storm:
    """What is done, each second, and which jobs are enqueued: the quick ones are harmless."""

    kinds: Sequence[Kind]
    jobs: JobMixture


_HARMLESS: Final = JobMixture(0.0, 0.0, hopeless=0.0, deadly=0.0, exact=0.0)

STORMS: Final[Mapping[str, Storm]] = {
    "bad-jobs": Storm((), JobMixture(0.0, 0.0, hopeless=0.0, deadly=0.0, exact=0.0, poison=0.01)),
    "workers": Storm((Kind.KILL_WORKER,), _HARMLESS),
    "stewards": Storm((Kind.KILL_STEWARD,), _HARMLESS),
}
