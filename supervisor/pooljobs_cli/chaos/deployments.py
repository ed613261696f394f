"""Deploys on the hosts: by a reload, by a restart, and back again. Called by the mischief, and before the drain."""

from __future__ import annotations

import time

from pooljobs_cli.chaos.hosts import ChaosHosts
from pooljobs_cli.chaos.incarnation import Incarnation
from pooljobs_cli.chaos.versions import Version


class Deployments:
    """Does it; each method returns 1 if the host was there for it, else 0. Hosts are named by their places."""

    def __init__(self, fleet: ChaosHosts) -> None:
        self._fleet = fleet
        self._versions = fleet.versions

    def reload(self, host: int) -> int:
        """Lays another release there and has it reloaded."""
        return self._reload(host, self._versions.reloaded(self._now(host)))

    def roll_back(self, host: int, seconds: float) -> int:
        """Takes a reload back so soon that it may still be under way."""
        before = self._now(host)
        if not self.reload(host):
            return 0
        time.sleep(seconds)
        self._reload(host, before)
        return 1

    def restart(self, host: int) -> int:
        """Drains the host; it is started again with another release, perhaps by another pooljobs."""
        return self._restart(host, self._versions.restarted(self._now(host)))

    def finish(self) -> None:
        """Restarts hosts so that each job finds somebody who takes it, whatever became of the last reloads."""
        for host, incarnation in enumerate(self._fleet.hosts):
            version = self._versions.last(host, self._now(host))
            if not self._restart(host, version):  # it is starting, or was told to leave: nobody knows with what
                self._fleet.deploy(host, version)
                self._fleet.kill(incarnation)

    def _now(self, host: int) -> Version:
        return self._fleet.deployed[host]

    def _reload(self, host: int, version: Version) -> int:
        if (incarnation := self._lay(host, version)) is None:
            return 0
        incarnation.reload()
        return 1

    def _restart(self, host: int, version: Version) -> int:
        if (incarnation := self._lay(host, version)) is None:
            return 0
        incarnation.leave()
        return 1

    def _lay(self, host: int, version: Version) -> Incarnation | None:
        """The release is there for what the host starts or loads next; None where nothing serves."""
        incarnation = self._fleet.hosts[host]
        if not incarnation.serves:
            return None
        self._fleet.deploy(host, version)
        return incarnation
