"""A run that is killed leaves hosts, a schema and a folder behind; the next one finds and removes them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from pooljobs_cli.chaos.application.journal import FOLDER
from pooljobs_cli.chaos.processes import having
from tests.support.command import environment, pooljobs
from tests.support.waiting import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds processes by their environment")
RUN = ("chaos", "--hosts", "1", "--procs", "1", "--jobs-per-second", "5", "--only", "kill-worker", "--yes")


def hosts(folder: Path) -> list[int]:
    """The processes that a run in this folder has started."""
    return having(FOLDER, str(folder / "journal"))


@pytest.mark.hazard("A killed command leaves a schema, a folder, a server, hosts")
@pytest.mark.long
def test_the_next_run_removes_what_a_killed_one_has_left(empty_dsn: str, tmp_path: Path) -> None:
    env = {"TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "pooljobs", *RUN, "--duration", "600", "--dsn", empty_dsn]
    with subprocess.Popen(command, env=environment(env), stderr=subprocess.DEVNULL) as first:
        wait_until(lambda: any(map(hosts, tmp_path.iterdir())), timeout=60, what="the hosts")
        first.kill()
    [left] = tmp_path.iterdir()
    with psycopg.connect(empty_dsn, autocommit=True) as connection:
        assert connection.execute("SELECT FROM pg_namespace WHERE nspname = 'pooljobs_chaos'").rowcount == 1
        ended = pooljobs(*RUN, "--duration", "1", "--dsn", empty_dsn, env=env)
        assert ended.code == 0, ended.err
        assert "dropped what a run before has left" in ended.err
        assert hosts(left) == []
        assert list(tmp_path.iterdir()) == []
        assert connection.execute("SELECT FROM pg_namespace WHERE nspname = 'pooljobs_chaos'").rowcount == 0
