"""A site under test: a network, servers and fleets on hosts of it, and the test's own way to the database."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.support.cluster import Cluster, reached_by
from tests.support.network import Machine, Network
from tests.support.proof import APP, Host
from tests.support.serving import ROOT


class SiteHost(Host):
    """A fleet on a host of its own."""

    machine: Machine


@dataclass
class Site:
    """The servers come in the order in which a DSN names them. ``dsn`` is the test's, and no cable of the network's."""

    network: Network
    folder: Path
    servers: Sequence[Cluster]
    dsn: str

    def way(self, dsn: str) -> str:
        """The DSN of the same database and role for who is on the network."""
        return reached_by(dsn, *self.servers)

    def dsn_at(self, cluster: Cluster) -> str:
        """The same database on one of the servers, for the test."""
        return make_conninfo(self.dsn, host=conninfo_to_dict(cluster.dsn)["host"])

    def host(
        self, name: str, *options: str, app: str = APP, env: Mapping[str, str] | None = None, on: Machine | None = None
    ) -> SiteHost:
        """A fleet that enters with the block: on a host of this name, or on one that is there."""
        machine = on or self.network.plug_in(name)
        host = SiteHost(
            self.dsn, self.folder, *options, name=name, app=app, env=env, within=machine.within(), way=self.way
        )
        host.machine = machine
        return host

    def program(self, machine: Machine, module: str, *arguments: str) -> subprocess.Popen[str]:
        """Another program of the tests that runs on a host; it ends with its stdin."""
        command = [*machine.within(), sys.executable, "-m", module, *arguments]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT, start_new_session=True)
