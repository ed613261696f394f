"""Holds the history against the rules: each file of ``sql/rules`` finds the jobs that break one.

What can be known of a rerun's cause, and how: the row counts the runs that were charged (``attempts``, crashes among
them), those that were cut short uncharged (``interruptions``), and the times its host was lost (``losses``). Not in the
row is a claim that a crash of the server forgot, which is recognised by its time. A rerun that none of these explains
breaks ``rerun_without_cause``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from pooljobs_cli.chaos.application.journal import read_all
from pooljobs_cli.chaos.chaos_schema import ChaosSchema
from pooljobs_cli.chaos.mischief import Mischief
from pooljobs_cli.chaos.pauser import ToldPause
from pooljobs_cli.chaos.producers import Told

RULES: Final = (
    "lost",
    "commit_forgotten",
    "rolled_back_but_there",
    "not_ended",
    "still_held",
    "settled_twice",
    "failed_without_reason",
    "cancel_forgotten",
    "ran_while_paused",
    "failed_for_its_claimer",
    "charged_for_nothing",
    "claim_ran_twice",
    "fence_ran_twice",
    "rerun_without_cause",
    "ran_beside_itself",
    "ran_after_its_end",
    "completed_by_another",
    "effect_not_once",
    "tick_twice",
    "tick_missed",
    "unique_twice",
)

STORM_RULES: Final = ("harmless_failed", "harmless_waited")
"""Of storms only: other harms may hold a job up for as long as they last."""

SLACK: Final = 0.25
"""Seconds by which the clocks of journals and database may be apart, their drift over the run included."""

_EXAMPLES: Final = 5


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that is broken, by how many jobs, and some of them."""

    rule: str
    jobs: int
    examples: tuple[str, ...]


def take_in(stage: ChaosSchema, told: Sequence[Told], pauses: Sequence[ToldPause], mischief: Mischief) -> None:
    """Store what is on record outside the database, for the rules to use."""
    stage.remember("told_committed", ((job_id,) for each in told for job_id in each.committed))
    stage.remember("told_withdrawn", ((job_id,) for each in told for job_id in each.withdrawn))
    stage.remember("asked_to_cancel", ((job_id,) for each in told for job_id in each.asked_to_cancel))
    stage.remember("told_cancelled", ((job_id,) for each in told for job_id in each.cancelled))
    stage.remember_pauses(pauses)
    stage.remember_runs(list(read_all(mischief.fleet.folder / "journal")), mischief.crashes_ns)


def violations(
    stage: ChaosSchema,
    faults: Sequence[str],
    left_behind: Sequence[str] = (),
    *,
    grace: float,
    longest: float | None = None,
) -> list[Violation]:
    """The rules that are broken. ``faults`` is what went wrong with whole processes; ``left_behind``, who stayed.

    ``grace``: seconds from a pause until it must be in force.
    ``longest``: seconds that harmless jobs may have waited, after a storm; None after anything else.
    """
    told = {"process": faults, "left_behind": left_behind}
    found = [Violation(rule, len(texts), tuple(texts[:_EXAMPLES])) for rule, texts in told.items() if texts]
    for rule in (*RULES, *(() if longest is None else STORM_RULES)):
        offenders: list[UUID] = stage.offenders(rule, slack=SLACK, grace=grace, longest=longest or 0.0)
        if offenders:
            found.append(Violation(rule, len(offenders), tuple(map(str, offenders[:_EXAMPLES]))))
    return found
