"""Each test has a network of its own, a server on a host of it, and a database there. Skipped where that cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cluster import Cluster, primary
from tests.support.database import DatabaseServer
from tests.support.network import Network, network
from tests.support.site import Site


@pytest.fixture
def net() -> Iterator[Network]:
    """The network."""
    with network() as made:
        yield made


@pytest.fixture
def cluster(net: Network, reachable_bindir: Path) -> Iterator[Cluster]:
    """The server."""
    with primary(net.plug_in("db-1"), reachable_bindir) as made:
        yield made


@pytest.fixture
def server(cluster: Cluster) -> DatabaseServer:
    """The same, in the place of the run's server."""
    return DatabaseServer(cluster.dsn)


@pytest.fixture
def owner_dsn(server: DatabaseServer) -> str:
    """A database with the schema in it, for who owns it. It goes with its server, which a test may stop."""
    return server.only()


@pytest.fixture
def site(net: Network, cluster: Cluster, owner_dsn: str, tmp_path: Path) -> Site:
    """All of it, with the schema in the database."""
    return Site(net, tmp_path, [cluster], owner_dsn)
