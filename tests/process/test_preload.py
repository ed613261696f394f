"""``serve --preload``: one import for all workers, whose memory they share; all else is as without it."""

from __future__ import annotations

import re
import signal
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
from psycopg import Connection

from pooljobs.exit_codes import ExitCode
from tests.support.command import pooljobs
from tests.support.proof import Host, record_of
from tests.support.serving import Serving, audit_of, counts, enqueue, unfinished
from tests.support.waiting import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="--preload is for Linux")

TABLE_MB = 40
TABLE = f"""
from pooljobs import PoolJobs
app = PoolJobs()
TABLE = [bytes([n % 251]) * 1000 for n in range({TABLE_MB}_000)]
@app.job
def first(at: int) -> None:
    assert TABLE[at][0] == at % 251
"""


def megabytes_of_workers(serving: Serving) -> list[float]:
    """By what USR1 has it print: the proportional memory of each worker."""
    serving.signal(signal.SIGUSR1)
    wait_until(lambda: "memory in all" in serving.text, what="the scoreboard")
    return [float(size) for size in re.findall(r"worker \d .*; memory ([\d.]+) MB", serving.text)]


def test_workers_share_what_the_import_built(dsn: str, connection: Connection[Any], tmp_path: Path) -> None:
    (tmp_path / "table.py").write_text(TABLE)
    seen = {}
    for name, more in (("each", ()), ("preload", ("--preload",))):
        options = ("--procs", "3", "--poll-interval", "0.1", *more)
        env = {"PYTHONPATH": str(tmp_path)}
        with Serving(dsn, tmp_path / name, *options, app="table:app", env=env) as serving:
            enqueue(connection, "first", 60, '{"at": 30000}')
            wait_until(lambda: not unfinished(connection), what="the jobs to end")
            wait_until(lambda: "3 workers ready" in serving.text, what="all workers")
            seen[name] = megabytes_of_workers(serving)
            assert set(counts(connection)) == {"completed"}
    assert len(seen["each"]) == len(seen["preload"]) == 3
    assert min(seen["each"]) > TABLE_MB
    assert max(seen["preload"]) < min(seen["each"]) - TABLE_MB / 2


@pytest.mark.hazard("User code in the supervisor: it brings threads")
def test_the_zygote_alone_imports_the_application(dsn: str, tmp_path: Path) -> None:
    noted = tmp_path / "noted"
    options = ("--procs", "2", "--poll-interval", "0.1", "--preload")
    host = Host(dsn, tmp_path, *options, app="tests.support.noted_app:app", env={"NOTED": str(noted)})
    with record_of(dsn) as connection, host:
        enqueue(connection, "noop", 10)
        wait_until(lambda: not unfinished(connection), what="the jobs to end")
        wait_until(lambda: "2 workers ready" in host.text, what="the whole fleet")
        workers = {row[0] for row in connection.execute("SELECT pid FROM pooljobs.workers").fetchall()}
        importers = [int(line) for line in noted.read_text().split()]
        assert len(importers) == 2, "once before the start, once in the zygote"
        assert not set(importers) & {host.process.pid, *workers}
        family = {child.pid for child in psutil.Process(host.process.pid).children()}
        assert workers <= family
        assert len(family - workers - set(importers)) == 1, "the steward"
        assert psutil.Process(host.process.pid).num_threads() == 1, "the supervisor has threads"


def test_a_job_that_kills_its_worker_is_charged_as_ever(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection:
        with Serving(dsn, tmp_path / "log", "--poll-interval", "0.1", "--preload") as serving:
            enqueue(connection, "dies_once")
            enqueue(connection, "always_dies")
            enqueue(connection, "audited", 20)
            wait_until(lambda: not unfinished(connection), what="all jobs to end")
            serving.signal(signal.SIGTERM)
            assert serving.ended() == 0, serving.text
        told = "SELECT status, attempts, crashes, last_error FROM pooljobs.jobs WHERE job_type = %s"
        (once,) = connection.execute(told, ("dies_once",)).fetchall()
        (always,) = connection.execute(told, ("always_dies",)).fetchall()
        assert once[:3] == ("completed", 2, 1)
        assert always[:3] == ("failed", 3, 3)
        assert "killed by SIGKILL" in always[3]
        assert re.search(r"[\d.]+ s CPU, (at most )?\d+ MB peak memory", always[3]), (
            "what wait4 tells of one's own child"
        )
        assert counts(connection) == {"completed": 21, "failed": 1}


def test_workers_run_the_exit_handlers_that_the_import_registered(dsn: str, tmp_path: Path) -> None:
    (tmp_path / "leaving.py").write_text(
        "import atexit, os\n"
        "from pooljobs import PoolJobs\n"
        "app = PoolJobs()\n@app.job\ndef noop() -> None: ...\n"
        "atexit.register(lambda: print('goodbye from', os.getpid(), flush=True))\n"
    )
    options = ("--procs", "2", "--preload", "--log-level", "debug")
    with Serving(dsn, tmp_path / "log", *options, app="leaving:app", env={"PYTHONPATH": str(tmp_path)}) as serving:
        wait_until(lambda: "2 workers ready" in serving.text, what="both workers")
        serving.signal(signal.SIGTERM)
        assert serving.ended() == 0, serving.text
    workers = set(re.findall(r"worker \d \(pid (\d+)\) is ready", serving.text))
    assert sorted(re.findall(r"goodbye from (\d+)", serving.text)) == sorted(workers)


def test_what_the_import_printed_is_printed_once(dsn: str, tmp_path: Path) -> None:
    """Its buffer is copied by each fork."""
    declared = "from pooljobs import PoolJobs\napp = PoolJobs()\n@app.job\ndef noop() -> None: ...\n"
    (tmp_path / "chatty.py").write_text(declared + "print('read the ledger')\n")
    env = {"PYTHONPATH": str(tmp_path)}
    with Serving(dsn, tmp_path / "log", "--procs", "2", "--preload", app="chatty:app", env=env) as serving:
        wait_until(lambda: "2 workers ready" in serving.text, what="both workers")
        serving.signal(signal.SIGTERM)
        assert serving.ended() == 0, serving.text
    assert serving.text.count("read the ledger") == 2, "once before the start, once in the zygote"


LEFT_BEHIND = {
    "thread": (
        "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), name='refresher').start()",
        "the thread 'refresher'",
    ),
    "hidden thread": (
        "import _thread, time\n_thread.start_new_thread(time.sleep, (600,))",
        "a thread of a library (python",
    ),
    "connection": ("import os, psycopg\nconnection = psycopg.connect(os.environ['AUDIT_DSN'])", "a connection to "),
    "event loop": ("import asyncio\nloop = asyncio.new_event_loop()", "an event loop, or a selector (descriptor"),
    "producer": (
        "import os\napp.use_dsn(os.environ['AUDIT_DSN'], schema='pooljobs')\napp.enqueue('early')",
        "a connection to ",
    ),
}


@pytest.mark.hazard(
    "A preloading import starts threads, which no fork carries, or opens connections, which every fork shares",
    closed="it is refused, and what was found is named (`supervisor/pooljobs_supervisor/zygote/fork_safe_loading.py`)",
    area="preloading",
)
@pytest.mark.parametrize("what", LEFT_BEHIND)
def test_an_import_that_leaves_what_no_fork_carries_is_refused(dsn: str, tmp_path: Path, what: str) -> None:
    code, named = LEFT_BEHIND[what]
    (tmp_path / "busy.py").write_text(f"from pooljobs import PoolJobs\napp = PoolJobs()\n{code}\n")
    ended = pooljobs("serve", "--app", "busy:app", "--dsn", dsn, "--preload", cwd=tmp_path, env={"AUDIT_DSN": dsn})
    assert ended.code == ExitCode.APP, ended.err
    told = " ".join(ended.err.split())
    assert "importing busy:app left behind" in told
    assert named in told
    assert "app.provide" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.hazard("A preloading import starts threads")
def test_new_code_that_starts_threads_is_refused_and_the_old_goes_on(dsn: str, tmp_path: Path) -> None:
    plain = "from pooljobs import PoolJobs\napp = PoolJobs()\n@app.job\ndef noop() -> None: pass\n"
    (tmp_path / "shop.py").write_text(plain)
    env = {"PYTHONPATH": str(tmp_path), "AUDIT_DSN": dsn, "PYTHONDONTWRITEBYTECODE": "1"}
    with Serving(dsn, tmp_path / "log", "--preload", "--poll-interval", "0.1", app="shop:app", env=env) as serving:
        (tmp_path / "shop.py").write_text(plain + LEFT_BEHIND["thread"][0])
        serving.signal(signal.SIGHUP)
        wait_until(lambda: "reload given up" in serving.text, what="the reload to be given up")
        assert "left behind the thread 'refresher'" in serving.text
        assert "could not be loaded (exit code 3); the 1 old worker goes on" in serving.text
        with audit_of(dsn) as connection:
            enqueue(connection, "noop", 10)
            wait_until(lambda: not unfinished(connection), what="the jobs to end")
        serving.signal(signal.SIGTERM)
        assert serving.ended() == 0, serving.text


def test_an_application_that_is_not_there_is_told_as_ever(dsn: str, tmp_path: Path) -> None:
    ended = pooljobs("serve", "--app", "nowhere:app", "--dsn", dsn, "--preload", cwd=tmp_path)
    assert ended.code == ExitCode.APP
    assert "cannot find the application: No module named 'nowhere'" in ended.err
