"""What chaos says at its end. Pure: from counts and violations to text or JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, asdict, dataclass
from typing import Any

from rich.text import Text

from pooljobs_cli.chaos.check import Violation
from pooljobs_cli.chaos.schedule import Kind
from pooljobs_cli.output.console import line, lines


@dataclass(frozen=True, slots=True)
class ChaosReport:
    """The outcome of one run.

    Attributes:
        seconds: From the first job to the last one's end.
        done: How often each harm had an effect.
        counts: See ``chaos_counts.sql``.
        unknown: Jobs in transactions whose end their producer was not told.
        folder: Where logs and journals are, if they were kept.
    """

    seed: int
    seconds: float
    _: KW_ONLY
    done: Mapping[Kind, int]
    counts: Mapping[str, int]
    unknown: int
    violations: Sequence[Violation]
    folder: str | None

    @property
    def holds(self) -> bool:
        """Whether no rule is broken."""
        return not self.violations

    def as_json(self) -> dict[str, Any]:
        """For other programs."""
        return {
            "seed": self.seed,
            "seconds": round(self.seconds, 3),
            "done": {kind.name.lower(): self.done.get(kind, 0) for kind in Kind},
            **self.counts,
            "unknown": self.unknown,
            "violations": [asdict(violation) for violation in self.violations],
            "folder": self.folder,
        }

    def as_text(self) -> Text:
        """For people."""
        counts = self.counts
        ended = counts["completed"] + counts["failed"] + counts["cancelled"]
        told = [f"seed {self.seed}: {ended:,} jobs in {self.seconds:.0f} s: {ended / self.seconds:,.0f} jobs/s"]
        told += [f"  {count:>7,} {kind.value}" for kind in Kind if (count := self.done.get(kind, 0))]
        lost = f"{self.unknown:,} whose commit's answer was lost"
        charged = f"{counts['crashes']:,} crashes charged, {counts['lost_with_host']:,} lost with their host"
        told += [
            f"  {counts['committed']:>7,} jobs committed, {counts['rolled_back']:,} rolled back, {lost}",
            f"  {counts['completed']:>7,} completed, {counts['failed']:,} failed, {self._cancelled()}{charged}",
            f"  {counts['ticks']:>7,} ticks of schedules",
            f"  {counts['runs']:>7,} runs, {counts['cut_short']:,} of them cut short{self._beside()}",
        ]
        return lines([*told, ""]).append_text(self._verdict())

    def _cancelled(self) -> str:
        """How many jobs were cancelled, if any."""
        return f"{self.counts['cancelled']:,} cancelled, " if self.counts["cancelled"] else ""

    def _beside(self) -> str:
        """What the other pooljobs did, if there was one."""
        return f", {self.counts['beside']:,} by the other pooljobs" if self.counts["beside"] else ""

    def _verdict(self) -> Text:
        if self.holds:
            return line("no violation: nothing lost, nothing run twice without cause, no stale result", "bold green")
        told = [f"VIOLATED {v.rule}: {v.jobs:,}, e.g. {', '.join(v.examples)}" for v in self.violations]
        return lines([*told, f"logs and journals are in {self.folder}"], "bold red")
