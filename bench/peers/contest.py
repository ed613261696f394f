"""Takes the figures: round by round, figure by figure, all peers in turn. What fails is told, and the rest goes on."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.peers.catalog import Peer
from bench.peers.driver import Driver, DriverError
from bench.peers.environments import Environment, SetupError, make_environment
from bench.peers.figures import BULK, CROWD, DRAIN, MEDIAN, SINGLE, WORST, Sample, percentile
from bench.peers.servers import ServerMissingError, Servers

PROCESSES = 2
"""Worker processes of each peer."""

CLIENTS = 16
DRAIN_TIMEOUT = 180.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured."""

    rounds: int = 3
    share: float = 1.0
    """Of each peer's backlog, and so of a drain's length."""
    seconds: int = 3
    """Of each figure of single enqueues."""
    latencies: int = 100
    """Jobs, one at a time."""


@dataclass
class Outcome:
    """What came out."""

    environments: dict[str, Environment] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)
    errors: dict[str, list[str]] = field(default_factory=dict)

    def failed(self, peer: Peer, what: str) -> None:
        """Something of this peer's could not be had."""
        self.errors.setdefault(peer.key, []).append(what)


class Contest:
    """All peers on the same servers."""

    def __init__(self, servers: Servers, effort: Effort, root: Path, progress: Callable[[str], None]) -> None:
        self._servers, self._effort, self._root, self._progress = servers, effort, root, progress
        self._variables: dict[str, dict[str, str]] = {}
        self.outcome = Outcome()

    def run(self, peers: Sequence[Peer]) -> Outcome:
        """Sets up and measures; what a failed peer leaves out is in ``errors``."""
        drivers = [driver for peer in peers if (driver := self._set_up(peer))]
        for number in range(1, self._effort.rounds + 1):
            for take in (self._drain, self._single, self._crowd, self._latency):
                for driver in drivers:
                    self._progress(f"{driver.peer.name}: round {number}")
                    self._take(driver, take, number)
        return self.outcome

    def _set_up(self, peer: Peer) -> Driver | None:
        self._progress(f"{peer.name}: setting up")
        try:
            environment = make_environment(peer, self._root)
            self._variables[peer.key] = self._servers.variables(peer)
            driver = Driver(peer, environment, self._variables[peer.key])
            driver.call("prepare")
        except (SetupError, ServerMissingError, DriverError) as error:
            self.outcome.failed(peer, str(error))
            return None
        self.outcome.environments[peer.key] = environment
        return driver

    def _take(self, driver: Driver, take: Callable[[Driver], dict[str, float]], number: int) -> None:
        try:
            driver.call("reset")
            for figure, value in take(driver).items():
                self.outcome.samples.append(Sample(driver.peer.key, number, figure, value))
            driver.call("reset")
        except DriverError as error:
            self.outcome.failed(driver.peer, str(error))

    def _drain(self, driver: Driver) -> dict[str, float]:
        jobs = max(1, int(driver.peer.jobs * self._effort.share))
        filled = driver.call("fill", jobs)
        if (there := driver.call("left").get("left")) != jobs:
            raise DriverError(f"driver fill {jobs} left {there} jobs to do")
        self._servers.settle_down(self._variables[driver.peer.key])
        with driver.watching() as result, driver.working(PROCESSES):
            drained = result(DRAIN_TIMEOUT)
        return {DRAIN.key: _rate(drained), BULK.key: _rate(filled)}

    def _single(self, driver: Driver) -> dict[str, float]:
        return {SINGLE.key: _rate(driver.call("single", self._effort.seconds, 1))}

    def _crowd(self, driver: Driver) -> dict[str, float]:
        return {CROWD.key: _rate(driver.call("single", self._effort.seconds, CLIENTS))}

    def _latency(self, driver: Driver) -> dict[str, float]:
        with driver.working(PROCESSES):
            found = driver.call("clock", self._effort.latencies).get("latencies_ms")
        if not isinstance(found, list) or len(found) != self._effort.latencies:
            raise DriverError(f"driver clock {self._effort.latencies} told no latencies")
        return {MEDIAN.key: statistics.median(found), WORST.key: percentile(found, 0.99)}


def _rate(told: dict[str, object]) -> float:
    """Jobs a second.

    Raises:
        DriverError: The driver did not say how many, or in what time.
    """
    jobs, seconds = told.get("jobs"), told.get("seconds")
    if not isinstance(jobs, int) or not isinstance(seconds, int | float) or seconds <= 0:
        raise DriverError(f"no rate in what the driver told: {told}")
    return jobs / seconds
