"""New code by SIGHUP, under load: from some moment on every job runs it, and no job notices the change."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from tests.support.serving import Serving, audit_of, counts, enqueue, unfinished
from tests.support.waiting import wait_until

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="--preload is for Linux")

SHOP = """
import time
import psycopg, os
from pooljobs import JobContext, PoolJobs
app = PoolJobs()
@app.job
def sell(ctx: JobContext) -> None:
    time.sleep(0.005)
    with psycopg.connect(os.environ["AUDIT_DSN"], autocommit=True) as connection:
        connection.execute("INSERT INTO public.sold VALUES (%s, {version})", (ctx.id,))
"""


def write(folder: Path, code: str) -> None:
    """Puts a new version in the place of the old one as a deployment does; no two are of one size."""
    (folder / "shop.new").write_text(code)
    (folder / "shop.new").rename(folder / "shop.py")


def versions(connection: Connection[Any]) -> dict[int, int]:
    return dict(connection.execute("SELECT version, count(*) FROM public.sold GROUP BY 1").fetchall())


@pytest.mark.parametrize("more", [(), pytest.param(("--preload",), marks=LINUX)], ids=["each", "preload"])
def test_new_code_is_served_and_broken_code_is_not(dsn: str, tmp_path: Path, more: tuple[str, ...]) -> None:
    write(tmp_path, SHOP.format(version=1))
    with audit_of(dsn) as connection:
        connection.execute("CREATE TABLE public.sold (id uuid, version int)")
        env = {"PYTHONPATH": str(tmp_path)}
        options = ("--procs", "2", "--poll-interval", "0.1", *more)
        with Serving(dsn, tmp_path / "log", *options, app="shop:app", env=env) as serving:
            enqueue(connection, "sell", 200)
            wait_until(lambda: versions(connection), what="some jobs to run")
            write(tmp_path, SHOP.format(version=22))
            serving.signal(signal.SIGHUP)
            total = 200
            while "reloaded: 2 workers with the new code" not in serving.text:
                enqueue(connection, "sell", 20)
                total += 20
                wait_until(lambda: unfinished(connection) < 50, what="the backlog to shrink")
            wait_until(lambda: not unfinished(connection), what="all jobs to end")
            before = versions(connection)
            assert set(before) == {1, 22}

            enqueue(connection, "sell", 20)
            wait_until(lambda: not unfinished(connection), what="the next jobs to end")
            assert versions(connection) == {1: before[1], 22: before[22] + 20}

            write(tmp_path, "raise RuntimeError('half a deployment')\n")
            serving.signal(signal.SIGHUP)
            wait_until(lambda: "reload given up" in serving.text, what="the reload to be given up")
            enqueue(connection, "sell", 20)
            wait_until(lambda: not unfinished(connection), what="the last jobs to end")
            serving.signal(signal.SIGTERM)
            assert serving.ended() == 0, serving.text
        assert "RuntimeError: half a deployment" in serving.text
        assert "(exit code 3); the 2 old workers go on" in serving.text
        assert serving.text.count("shop:app raised:") == 1, "it was tried again"
        assert versions(connection) == {1: before[1], 22: before[22] + 40}
        assert counts(connection) == {"completed": total + 40}
        assert connection.execute("SELECT max(attempts), max(crashes), max(fence) FROM pooljobs.jobs").fetchone() == (
            1,
            0,
            1,
        )
