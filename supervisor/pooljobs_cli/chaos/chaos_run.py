"""The course of a chaos run: set the stage, produce and harm at once, let it drain, check, tell."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Final

from pooljobs_cli.chaos.backlog_watch import BacklogWatch
from pooljobs_cli.chaos.beside import Beside, agree_on_schema, find
from pooljobs_cli.chaos.chaos_report import ChaosReport
from pooljobs_cli.chaos.chaos_schema import ChaosSchema, load, staged
from pooljobs_cli.chaos.chaos_server import ChaosServer, open_place
from pooljobs_cli.chaos.chaos_settings import ChaosSettings
from pooljobs_cli.chaos.check import take_in, violations
from pooljobs_cli.chaos.hosts import LEASE, ChaosHosts
from pooljobs_cli.chaos.job_mixture import Fate, mixture
from pooljobs_cli.chaos.mischief import Mischief
from pooljobs_cli.chaos.pauser import Pauser, grace
from pooljobs_cli.chaos.pooler import Pooler, find_pooler, open_pooler
from pooljobs_cli.chaos.producers import Limit, Producing
from pooljobs_cli.chaos.schedule import schedule
from pooljobs_cli.chaos.storms import EACH_SECOND
from pooljobs_cli.chaos.versions import Versions
from pooljobs_cli.chaos.wire import Wire, open_wire
from pooljobs_cli.chaos.withdrawing import Withdrawing
from pooljobs_cli.staging.own_fleet import FleetError
from pooljobs_cli.staging.own_schema import Agree
from pooljobs_supervisor.limits.hang_watchdog import LEAST

_TICK: Final = 0.05
_PRODUCERS: Final = 2
_BOOT: Final = 60.0
"""Seconds that the first start may take."""

_RECOVERY: Final = 2 * LEAST
"""Seconds in which the watchdogs must have ended who hangs."""

_STALLED: Final = 100.0
"""Seconds without a job's end after which the drain is given up, and the rules say what is left: more than a job waits
that was refused for long."""


Producer = Producing | Withdrawing | Pauser

Show = Callable[[float, int, int], None]
"""Told how it stands: seconds that have passed, events so far, jobs not ended."""


def run_chaos(settings: ChaosSettings, agree: Agree, say: Callable[[str], None], show: Show) -> ChaosReport:
    """Carry it out. ``say`` is told each event. Ctrl-C and SIGTERM clean up.

    Raises:
        PoolJobsError: The database cannot be had, its use is not agreed to, or the other pooljobs is none that works
            with it.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    beside = find(settings.beside) if settings.beside else None
    program = find_pooler() if settings.pgbouncer else None
    with (
        open_place(settings.dsn) as place,
        open_wire(place.dsn) as wire,
        staged(place.dsn, agree) as stage,
        _pooling(program, place) as pooler,
    ):
        if beside:
            agree_on_schema(beside, place.dsn)
        fleet = _fleet(settings, place, wire, beside)
        mischief = Mischief(place, fleet, wire=wire, say=say, pooler=pooler)
        try:
            if not settings.storm:  # their jobs have no part in it
                stage.connection.execute(load("make_schedules"))
            began = time.monotonic()
            fleet.start()
            _await_fleet(fleet)
            with _producing(settings, pooler.dsn if pooler else place.dsn) as (producers, limit):
                _harm(settings, place, mischief, limit, show)
            mischief.wake(everybody=True)
            _pause_schedules(place.dsn)
            if settings.deploying:  # those who hang would hold the last restarts up
                _await_recovery(wire, fleet)
                mischief.deployments.finish()
            _drain(place.dsn, fleet, show, began)
            seconds = time.monotonic() - began
            _await_recovery(wire, fleet)
            fleet.stop()
            fleet.look_back()
        finally:
            mischief.wake(everybody=True)
            fleet.abandon()
        report = _judge(settings, place, mischief, producers, seconds)
        stage.keep = not report.holds
        return report


def _pooling(program: str | None, place: ChaosServer) -> AbstractContextManager[Pooler | None]:
    return nullcontext() if program is None else open_pooler(program, place.folder / "pooler", place.dsn)


def _fleet(settings: ChaosSettings, place: ChaosServer, wire: Wire, beside: Beside | None) -> ChaosHosts:
    return ChaosHosts(
        wire.dsn,
        place.dsn,
        folder=place.folder,
        command=settings.command,
        procs=settings.procs,
        concurrency=settings.concurrency,
        poll_interval=settings.poll_interval,
        versions=Versions(
            settings.hosts,
            deploying=settings.deploying,
            beside=beside is not None,
            confined=beside is not None and not beside.waits,
        ),
        beside=[beside.command] if beside else [],
    )


def _await_fleet(fleet: ChaosHosts) -> None:
    """Wait until all hosts are ready once: a fleet that never comes up is no matter of chaos.

    Raises:
        FleetError: It does not come up.
    """
    deadline = time.monotonic() + _BOOT
    while not all(host.ready for host in fleet.hosts):
        if time.monotonic() >= deadline or any(host.process.poll() is not None for host in fleet.hosts):
            raise FleetError("the workers did not come up", hint=f"see {fleet.folder / 'logs'}")
        time.sleep(_TICK)


def _harm(settings: ChaosSettings, place: ChaosServer, mischief: Mischief, limit: Limit, show: Show) -> None:
    """Carry the plan out, and tend the fleet meanwhile."""
    events = schedule(
        settings.seed,
        settings.kinds,
        duration=settings.duration,
        hosts=settings.hosts,
        lease=LEASE,
        tempo=EACH_SECOND if settings.storm else settings.tempo,
    )
    began = time.monotonic()
    watch = BacklogWatch(place.dsn, limit, most=int(max(2000.0, 5 * settings.rate)))
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


def _pause_schedules(dsn: str) -> None:
    """On a connection of its own: what was opened before may be cut."""
    stage = ChaosSchema(dsn)
    stage.connection.execute(load("pause_schedules"))
    stage.connection.close()


def _drain(dsn: str, fleet: ChaosHosts, show: Show, began: float) -> None:
    """Wait until no job is left and all hosts serve, or nothing has ended for long."""
    watch = BacklogWatch(dsn, Limit(), most=0)
    before, changed = -1, time.monotonic()
    while not (watch.look() == 0 and fleet.whole) and time.monotonic() - changed < _STALLED:
        fleet.tend()
        if watch.left != before:
            before, changed = watch.left, time.monotonic()
        show(time.monotonic() - began, 0, watch.left)
        time.sleep(_TICK)


def _await_recovery(wire: Wire, fleet: ChaosHosts) -> None:
    """Wait until no child hangs on a silent connection; those whose supervisor was killed have no watchdog."""
    deadline = time.monotonic() + _RECOVERY
    while wire.silent() and time.monotonic() < deadline:
        fleet.tend()
        time.sleep(_TICK)
    wire.heal()


@contextmanager
def _producing(settings: ChaosSettings, dsn: str) -> Iterator[tuple[Sequence[Producer], Limit]]:
    """Producers at work while the block lasts; what they were told is theirs afterwards."""
    limit = Limit()
    storm, workers = settings.storm, settings.procs * settings.hosts
    jobs = storm.jobs if storm else settings.jobs or mixture(settings.rate, workers, deploying=settings.deploying)
    fate = Fate.COMMIT if storm else None  # a late commit would count as a wait
    rate = settings.rate / _PRODUCERS
    producers: list[Producer] = [
        Producing(number, settings.seed, dsn=dsn, rate=rate, mixture=jobs, limit=limit, fate=fate)
        for number in range(_PRODUCERS)
    ]
    if settings.pgbouncer and not storm:
        producers.append(Withdrawing(settings.seed, dsn=dsn, limit=limit))
    if settings.pausing:
        producers.append(Pauser(settings.seed, dsn=dsn, limit=limit, kinds=settings.kinds))
    for producer in producers:
        producer.start()
    try:
        yield producers, limit
    finally:
        limit.stopping.set()
        for producer in producers:
            producer.join(30)


def _judge(
    settings: ChaosSettings, place: ChaosServer, mischief: Mischief, producers: Sequence[Producer], seconds: float
) -> ChaosReport:
    stage = ChaosSchema(place.dsn)
    pauses = [pause for producer in producers if isinstance(producer, Pauser) for pause in producer.pauses]
    take_in(stage, [producer.told for producer in producers], pauses, mischief)
    counts = stage.counts()
    faults = [*mischief.fleet.faults, *(f"a producer ended: {each.error!r}" for each in producers if each.error)]
    if settings.beside and not counts["beside"]:
        faults.append("the other pooljobs has run no job: does its command lead to this one's code?")
    longest = settings.longest_wait if settings.storm else None
    found = violations(stage, faults, mischief.fleet.left_behind, grace=grace(settings.kinds), longest=longest)
    stage.connection.close()
    place.keep = bool(found)
    unknown = sum(producer.told.unknown for producer in producers)
    folder = str(place.folder) if found else None
    return ChaosReport(
        settings.seed, seconds, done=mischief.done, counts=counts, unknown=unknown, violations=found, folder=folder
    )
