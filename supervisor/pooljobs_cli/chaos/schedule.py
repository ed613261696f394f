"""Decides what is broken, and when. Pure: the same seed gives the same plan, whatever comes of it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import KW_ONLY, dataclass
from enum import Enum
from typing import Final


class Kind(Enum):
    """The ways to do harm."""

    KILL_WORKER = "workers killed"
    STOP_WORKER = "workers stopped for a while"
    KILL_STEWARD = "stewards killed"
    STOP_STEWARD = "stewards stopped for a while"
    KILL_SUPERVISOR = "supervisors killed"
    STOP_SUPERVISOR = "supervisors stopped for a while"
    STOP_HOST = "whole hosts stopped for a while"
    TERMINATE_BACKENDS = "connections terminated"
    SILENCE_CONNECTIONS = "connections gone silent, some for ever"
    RESET_CONNECTIONS = "connections reset"
    RESTART_SERVER = "server restarts in immediate mode"
    EXHAUST_CONNECTIONS = "times all connections taken"
    DEPLOY_BY_RELOAD = "deployments by reload"
    DEPLOY_BY_RESTART = "deployments by restart"
    DEPLOY_AND_ROLL_BACK = "deployments taken back at once"
    KILL_POOLER = "poolers killed"


ONLY_OWN_SERVER: Final = frozenset({Kind.RESTART_SERVER, Kind.EXHAUST_CONNECTIONS})
"""What would hit others on a server that is not ours."""

ONLY_POOLER: Final = frozenset({Kind.KILL_POOLER})
"""What needs a pooler."""

DEPLOYMENTS: Final = frozenset({Kind.DEPLOY_BY_RELOAD, Kind.DEPLOY_BY_RESTART, Kind.DEPLOY_AND_ROLL_BACK})
"""After which a host has another version."""

_MOMENTARY: Final = frozenset({Kind.EXHAUST_CONNECTIONS, Kind.DEPLOY_AND_ROLL_BACK})
"""What everybody waits for: it lasts from 0.2 s to 1 s."""

_BAG: Final = (
    *[Kind.KILL_WORKER] * 4,
    *[Kind.STOP_WORKER] * 2,
    *[Kind.TERMINATE_BACKENDS] * 3,
    *[Kind.SILENCE_CONNECTIONS] * 2,
    Kind.RESET_CONNECTIONS,
    Kind.KILL_STEWARD,
    Kind.STOP_STEWARD,
    Kind.KILL_SUPERVISOR,
    Kind.STOP_SUPERVISOR,
    Kind.STOP_HOST,
    Kind.RESTART_SERVER,
    Kind.EXHAUST_CONNECTIONS,
    *[Kind.DEPLOY_BY_RELOAD] * 2,
    Kind.DEPLOY_BY_RESTART,
    Kind.DEPLOY_AND_ROLL_BACK,
    Kind.KILL_POOLER,
)


@dataclass(frozen=True, slots=True)
class Tempo:
    """How close together the events are, in seconds, and how long a stop lasts, in leases: least and most of each."""

    pause: tuple[float, float] = (0.2, 0.8)
    stop: tuple[float, float] = (0.1, 2.0)


USUAL: Final = Tempo()


@dataclass(frozen=True, slots=True)
class ChaosEvent:
    """One harm.

    Attributes:
        at: Seconds from the beginning.
        host: Which host it hits.
        victim: A number from 0 to 1 that picks among those who are there.
        seconds: How long it lasts, where it lasts.
    """

    at: float
    kind: Kind
    _: KW_ONLY
    host: int
    victim: float
    seconds: float


def bag(*, own_server: bool, pooler: bool = False, only: Sequence[Kind] = ()) -> tuple[Kind, ...]:
    """The harms that come up equally often; ``only`` leaves the others out."""
    cannot = (frozenset() if own_server else ONLY_OWN_SERVER) | (frozenset() if pooler else ONLY_POOLER)
    return tuple(kind for kind in _BAG if kind not in cannot and (not only or kind in only))


def schedule(
    seed: int, kinds: Sequence[Kind], *, duration: float, hosts: int, lease: float, tempo: Tempo = USUAL
) -> Iterator[ChaosEvent]:
    """The events of a run. Each bag is used up before the next, so that short runs see every kind.

    Usually stops last from a moment to twice ``lease``, so that some outlive it.
    """
    dice = random.Random(f"{seed} schedule")
    at = 0.0
    while kinds:
        shuffled = list(kinds)
        dice.shuffle(shuffled)
        for kind in shuffled:
            at += dice.uniform(*tempo.pause)
            if at >= duration:
                return
            seconds = dice.uniform(0.2, 1.0) if kind in _MOMENTARY else dice.uniform(*tempo.stop) * lease
            yield ChaosEvent(at, kind, host=dice.randrange(hosts), victim=dice.random(), seconds=seconds)
