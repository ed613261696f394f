"""The course of a chaos run: set the stage, produce and harm at once, let it drain, check, tell."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from pooljobs.db.faults import OUTAGE
from pooljobs.errors import PoolJobsError
from pooljobs_supervisor.chaos.check import take_in, violations
from pooljobs_supervisor.chaos.fleet import LEASE, Fleet
from pooljobs_supervisor.chaos.mischief import Mischief
from pooljobs_supervisor.chaos.mixture import Fate, Mixture, mixture
from pooljobs_supervisor.chaos.place import Place, open_place
from pooljobs_supervisor.chaos.producers import Limit, Producing
from pooljobs_supervisor.chaos.report import Report
from pooljobs_supervisor.chaos.schedule import USUAL, Kind, Tempo, bag, schedule
from pooljobs_supervisor.chaos.stage import Stage, make_stage
from pooljobs_supervisor.chaos.storms import EACH_SECOND, LONGEST_WAIT, POLL_INTERVAL, Storm
from pooljobs_supervisor.chaos.wire import Wire, open_wire
from pooljobs_supervisor.limits.hung import LEAST
from pooljobs_supervisor.own_fleet import FleetError

_TICK: Final = 0.05
_LOOK: Final = 1.0
"""Seconds between looks at the backlog."""

_PRODUCERS: Final = 2
_BOOT: Final = 60.0
"""Seconds that the first start may take."""

_RECOVERY: Final = 2 * LEAST
"""Seconds in which the watchdogs must have ended who hangs."""

_STALLED: Final = 60.0
"""Seconds without a job's end after which the drain is given up, and the rules say what is left."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What is to be run.

    Attributes:
        duration: Seconds of harm.
        procs: Workers of each host.
        concurrency: Handlers at a time in the workers of every other host; one in the rest.
        rate: Jobs a second that are enqueued, unless the backlog is long.
        command: Starts pooljobs.
        only: The harms to do; all if empty.
        jobs: Instead of the usual mixture.
        tempo: Of the harms.
        storm: Instead of all that: its harm and its jobs.
        longest_wait: Seconds that harmless jobs may wait in a storm.
    """

    seed: int
    duration: float
    procs: int
    hosts: int = 2
    rate: float = 200.0
    dsn: str | None = None
    command: Sequence[str] = (sys.executable, "-m", "pooljobs")
    only: Sequence[Kind] = ()
    jobs: Mixture | None = None
    tempo: Tempo = USUAL
    concurrency: int = 3
    storm: Storm | None = None
    longest_wait: float = LONGEST_WAIT

    @property
    def poll_interval(self) -> float:
        """Of the workers, in seconds. By default short: what is not woken for goes on, and is harmed."""
        return 0.2 if self.storm is None else POLL_INTERVAL


Show = Callable[[float, int, int], None]
"""Told how it stands: seconds that have passed, events so far, jobs not ended."""


def run_chaos(settings: Settings, say: Callable[[str], None], show: Show) -> Report:
    """Carry it out. ``say`` is told each event. Ctrl-C and SIGTERM clean up.

    Raises:
        PoolJobsError: The database cannot be had.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with open_place(settings.dsn) as place, open_wire(place.dsn) as wire:
        make_stage(place.dsn)
        fleet = Fleet(
            wire.dsn,
            place.dsn,
            place.folder,
            settings.command,
            settings.procs,
            settings.concurrency,
            settings.poll_interval,
        )
        mischief = Mischief(place, fleet, wire, say)
        try:
            began = time.monotonic()
            fleet.start(settings.hosts)
            _await_fleet(fleet)
            with _producing(settings, place.dsn) as (producers, limit):
                _harm(settings, place, mischief, limit, show)
            mischief.wake(everybody=True)
            _drain(place.dsn, fleet, show, began)
            seconds = time.monotonic() - began
            _await_recovery(wire, fleet)
            fleet.stop()
            fleet.look_back()
        finally:
            mischief.wake(everybody=True)
            fleet.abandon()
        return _judge(settings, place, mischief, producers, seconds)


def _await_fleet(fleet: Fleet) -> None:
    """Wait until all hosts are ready once: a fleet that never comes up is no matter of chaos.

    Raises:
        FleetError: It does not come up.
    """
    deadline = time.monotonic() + _BOOT
    while not all(host.ready for host in fleet.hosts):
        if time.monotonic() >= deadline or any(host.process.poll() is not None for host in fleet.hosts):
            raise FleetError("the workers did not come up", hint=f"see {fleet.folder / 'logs'}")
        time.sleep(_TICK)


def _harm(settings: Settings, place: Place, mischief: Mischief, limit: Limit, show: Show) -> None:
    """Carry the plan out, and tend the fleet meanwhile."""
    storm, tempo = settings.storm, settings.tempo
    kinds = bag(own_server=place.server is not None, only=settings.only)
    if storm is not None:
        kinds, tempo = tuple(storm.kinds), EACH_SECOND
    events = schedule(settings.seed, kinds, duration=settings.duration, hosts=settings.hosts, lease=LEASE, tempo=tempo)
    began = time.monotonic()
    watch = _Watch(place.dsn, limit, most=int(max(2000.0, 5 * settings.rate)))
    coming = next(events, None)
    while (passed := time.monotonic() - began) < settings.duration:
        mischief.fleet.tend()
        mischief.wake()
        if coming is not None and coming.at <= passed:
            mischief.perform(coming)
            coming = next(events, None)
        watch.look()
        show(passed, mischief.done.total(), watch.left)
        time.sleep(_TICK)


def _drain(dsn: str, fleet: Fleet, show: Show, began: float) -> None:
    """Wait until no job is left, or nothing has ended for long."""
    watch = _Watch(dsn, Limit(), most=0)
    before, changed = -1, time.monotonic()
    while watch.look() != 0 and time.monotonic() - changed < _STALLED:
        fleet.tend()
        if watch.left != before:
            before, changed = watch.left, time.monotonic()
        show(time.monotonic() - began, 0, watch.left)
        time.sleep(_TICK)


def _await_recovery(wire: Wire, fleet: Fleet) -> None:
    """Wait until no child hangs on a silent connection; those whose supervisor was killed have no watchdog."""
    deadline = time.monotonic() + _RECOVERY
    while wire.silent() and time.monotonic() < deadline:
        fleet.tend()
        time.sleep(_TICK)
    wire.heal()


class _Watch:
    """Looks at the backlog now and then, while the database answers, and holds the producers back when it is long."""

    def __init__(self, dsn: str, limit: Limit, *, most: int) -> None:
        self._dsn = dsn
        self._limit = limit
        self._most = most
        self._stage: Stage | None = None
        self._next = 0.0
        self.left = -1

    def look(self) -> int:
        """Jobs not ended, by the last look; -1 before the first."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _LOOK
            try:
                self._stage = self._stage or Stage(self._dsn)
                self.left = self._stage.left()[0]
                self._limit.backlogged = self.left > self._most
            except (*OUTAGE, PoolJobsError):
                self._stage = None
        return self.left


@contextmanager
def _producing(settings: Settings, dsn: str) -> Iterator[tuple[list[Producing], Limit]]:
    """Producers at work while the block lasts; what they were told is theirs afterwards."""
    limit = Limit()
    storm = settings.storm
    jobs = storm.jobs if storm else settings.jobs or mixture(settings.rate, settings.procs * settings.hosts)
    fate = Fate.COMMIT if storm else None  # a late commit would count as a wait
    rate = settings.rate / _PRODUCERS
    producers = [
        Producing(number, settings.seed, dsn=dsn, rate=rate, mixture=jobs, limit=limit, fate=fate)
        for number in range(_PRODUCERS)
    ]
    for producer in producers:
        producer.start()
    try:
        yield producers, limit
    finally:
        limit.stopping.set()
        for producer in producers:
            producer.join(30)


def _judge(
    settings: Settings, place: Place, mischief: Mischief, producers: Sequence[Producing], seconds: float
) -> Report:
    stage = Stage(place.dsn)
    take_in(stage, [producer.told for producer in producers], mischief)
    faults = [*mischief.fleet.faults, *(f"a producer ended: {each.error!r}" for each in producers if each.error)]
    longest = settings.longest_wait if settings.storm else None
    found = violations(stage, faults, mischief.fleet.left_behind, longest=longest)
    counts = stage.counts()
    stage.connection.close()
    place.keep = bool(found)
    unknown = sum(producer.told.unknown for producer in producers)
    folder = str(place.folder) if found else None
    return Report(settings.seed, seconds, mischief.done, counts, unknown, found, folder)
