"""How fast a fleet runs jobs several at a time, held against the same fleet that runs them one after the other."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

from bench.drains import Bench, Round
from bench.effort import Effort
from bench.section import Panel, Progress, Section, Table, median, told

TEXT: Final = """\
A backlog emptied by two processes that run several jobs at a time, with adaptive batches: plain handlers in threads,
async ones in tasks; they return at once, or wait for 10 ms. The yardstick is the same fleet at a concurrency of one,
with plain handlers that return at once; for those that wait it is what so many places allow."""

CONCURRENCIES: Final = (10, 100, 500)
KINDS: Final = ("noop", "noop_async", "nap_async")
PROCS: Final = 2
NAP: Final = 0.01
"""Seconds that ``nap_async`` waits."""


@dataclass(frozen=True)
class Setting:
    """What runs, and how many at a time in each process."""

    kind: str
    concurrency: int

    def yardstick(self, serial: Round) -> float:
        """Jobs a second.

        >>> Setting("nap_async", 10).yardstick(Round(1.0, 0.0, 0.0, 0.0, 0.0))
        2000.0
        """
        return self.concurrency * PROCS / NAP if self.kind == "nap_async" else serial.jobs_per_second


SETTINGS: Final = tuple(Setting(kind, concurrency) for kind in KINDS for concurrency in CONCURRENCIES)
Done = list[tuple[Round, dict[Setting, Round]]]


def measure(dsn: str, effort: Effort, progress: Progress) -> Section:
    """The yardstick, then each setting, round by round."""
    done: Done = []
    for n in range(effort.rounds):
        serial, found = _drain(dsn, Setting("noop", 1), effort.jobs), {}
        for at, setting in enumerate(SETTINGS):
            found[setting] = _drain(dsn, setting, effort.jobs)
            progress((n + (at + 1) / len(SETTINGS)) / effort.rounds)
        done.append((serial, found))
    return section(done)


def _drain(dsn: str, setting: Setting, jobs: int) -> Round:
    """Naps of ten at a time are slow, and get fewer."""
    most = int(setting.concurrency * PROCS / NAP * 5) if setting.kind == "nap_async" else jobs
    bench = Bench(dsn, min(jobs, most), procs=PROCS, batch=500, payload=100)
    with bench.connection:
        bench.job_type, bench.concurrency = setting.kind, setting.concurrency
        return bench.of_fleet(adaptive=True)


def section(done: Done) -> Section:
    """What was found, as the report shows it."""
    rows = tuple(_row(setting, done) for setting in SETTINGS)
    headings = ("", "at a time", "jobs/s", "of the yardstick", "worker CPU µs/job", "server CPU µs/job", "idle")
    series = {
        kind: tuple(median(found[Setting(kind, many)].jobs_per_second for _, found in done) for many in CONCURRENCIES)
        for kind in KINDS
    }
    panel = Panel("several at a time", "jobs/s", tuple(map(str, CONCURRENCIES)), series)
    data = [
        {"serial": asdict(serial), "found": [asdict(setting) | asdict(found[setting]) for setting in SETTINGS]}
        for serial, found in done
    ]
    return Section("concurrency", "Concurrency", TEXT, (Table(headings, rows),), (panel,), {"rounds": data})


def _row(setting: Setting, done: Done) -> tuple[str, ...]:
    rounds = [found[setting] for _, found in done]
    return (
        setting.kind,
        str(setting.concurrency),
        f"{median(one.jobs_per_second for one in rounds):,.0f}",
        told([found[setting].jobs_per_second / setting.yardstick(serial) for serial, found in done]),
        f"{median(one.worker_cpu_us for one in rounds):.1f}",
        f"{median(one.server_cpu_us for one in rounds):.1f}",
        f"{median(one.idle_share for one in rounds):.2f}",
    )
