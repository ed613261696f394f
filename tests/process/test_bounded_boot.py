"""Applications whose import never ends, at the first look or in a worker alone: the log says where it hangs, and the
fleet ends, or goes on with who is there.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from pooljobs.exit_codes import ExitCode
from tests.support.command import Ended, pooljobs
from tests.support.serving import ROOT, Serving, counts, enqueue
from tests.support.waiting import wait_until

BEGINNING = """
import os, socket, threading
from pathlib import Path
from pooljobs import PoolJobs

app = PoolJobs()


@app.job
def noop() -> None: ...


def hang():
    {way}


"""
EVER = "    hang()\n"
AT_ONCE = "if True:\n" + EVER
WAYS = {
    "a socket": "ours, theirs = socket.socketpair(); ours.recv(1)",
    "a lock": "lock = threading.Lock(); lock.acquire(); lock.acquire()",
    "a thread": "threading.Thread(target=threading.Event().wait, daemon=True).start(); threading.Event().wait()",
    "signals masked": "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals()); signal.pause()",
}
IN_WORKERS = "if os.getpid() == os.getsid(0):  # a child of the supervisor's, and not of the first look\n" + EVER
ONCE_ASKED = 'if Path(os.environ["HANG"]).exists():\n' + EVER
WORKERS_PID = """
SELECT substring(application_name FROM 'worker-1 .pid (.*).$') FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'pooljobs worker-1%'
"""


@pytest.fixture
def serve(dsn: str, tmp_path: Path) -> Callable[..., Ended]:
    """Serves an application of this text to the end."""

    def served(text: str, *options: str) -> Ended:
        (tmp_path / "hanging.py").write_text(text)
        arguments = ("--app", "hanging:app", "--boot-timeout", "2", *options)
        return pooljobs("serve", *arguments, dsn=dsn, cwd=tmp_path)

    return served


@pytest.mark.hazard(
    "An application's import never ends: no worker serves, and nobody says so",
    closed="a boot has a bound, and where it hangs is told (`supervisor/pooljobs_supervisor/limits/hang_watchdog.py`, "
    "`supervisor/pooljobs_supervisor/forking/one_shot.py`)",
    area="processes",
)
@pytest.mark.parametrize("way", [next(iter(WAYS)), *(pytest.param(way, marks=pytest.mark.long) for way in [*WAYS][1:])])
def test_an_import_that_hangs_at_the_first_look_ends_the_start(serve: Callable[..., Ended], way: str) -> None:
    ended = serve(BEGINNING.format(way=WAYS[way]) + AT_ONCE)
    assert ended.code == ExitCode.APP, ended.err
    assert "importing hanging:app is not done after 2 s" in ended.err
    assert "--boot-timeout" in ended.err
    told = ended.err.partition("innermost first:")[2]
    if way != "signals masked":
        assert 'hanging.py", line 14 in hang' in told, ended.err
        assert "pooljobs_supervisor" not in told.partition("\n\n")[0], "its own frames"
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("options", [(), pytest.param(("--preload",), marks=pytest.mark.long)], ids=["", "preloading"])
def test_one_that_hangs_in_a_worker_alone_ends_the_start_too(
    serve: Callable[..., Ended], options: tuple[str, ...]
) -> None:
    ended = serve(BEGINNING.format(way=WAYS["a lock"]) + IN_WORKERS, "--boot-timeout", "5", *options)
    assert ended.code == ExitCode.WORKER_BOOT, ended.err
    who = "zygote" if options else "worker 1"
    assert f"{who} (pid " in ended.err
    assert 'hanging.py", line 14 in hang' in ended.err, ended.err
    assert "killed by SIGKILL" in ended.err


@pytest.mark.hazard("An application's import never ends: no worker serves, and nobody says so")
def test_a_replacement_that_hangs_is_killed_and_tried_again_later(
    dsn: str, connection: Connection[Any], tmp_path: Path
) -> None:
    (tmp_path / "hanging.py").write_text(BEGINNING.format(way=WAYS["a socket"]) + ONCE_ASKED)
    place = {"PYTHONPATH": f"{tmp_path}:{ROOT}", "HANG": str(tmp_path / "hang")}
    with Serving(dsn, tmp_path / "log", "--boot-timeout", "5", app="hanging:app", env=place) as fleet:
        (tmp_path / "hang").touch()
        row = connection.execute(WORKERS_PID).fetchone()
        assert row is not None
        os.kill(int(row[0]), signal.SIGKILL)
        wait_until(lambda: "stays empty" in fleet.text, what="the back-off")
        assert "did not start within" in fleet.text
        assert 'hanging.py", line 14 in hang' in fleet.text
        (tmp_path / "hang").unlink()
        enqueue(connection, "noop")
        wait_until(lambda: counts(connection) == {"completed": 1}, what="a worker that came up")


GREEN = """
import _thread

def start_new_thread(*arguments): raise RuntimeError

def patch_all():
    _thread.start_new_thread = start_new_thread
"""


def test_what_replaces_pythons_threads_is_refused_by_its_name(serve: Callable[..., Ended], tmp_path: Path) -> None:
    (tmp_path / "greenery").mkdir()
    (tmp_path / "greenery" / "__init__.py").touch()
    (tmp_path / "greenery" / "monkey.py").write_text(GREEN)
    ended = serve(
        "from greenery import monkey; monkey.patch_all()\n" + BEGINNING.format(way="..."), "--boot-timeout", "60"
    )
    assert ended.code == ExitCode.APP, ended.err
    assert "greenery" in ended.err
    assert "replace Python's threads" in ended.err
