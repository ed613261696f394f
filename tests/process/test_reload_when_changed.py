"""``serve --reload``: a change of the sources is a reload, told in one line; who watches them ends with the fleet."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from psycopg import Connection

from tests.process.fleet import lives
from tests.support.serving import Serving, audit_of, enqueue, unfinished
from tests.support.waiting import wait_until

SHOP = """
import os
import psycopg
from pooljobs import PoolJobs
app = PoolJobs()
@app.job
def sell() -> None:
    with psycopg.connect(os.environ["AUDIT_DSN"], autocommit=True) as connection:
        connection.execute("INSERT INTO public.sold VALUES ({version})")
"""

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="finds processes by what /proc says")


def serving_shop(dsn: str, folder: Path, *more: str) -> Serving:
    """Serves ``shop.py`` of the folder, which it watches."""
    env = {"PYTHONPATH": f"{folder}", "PYTHONDONTWRITEBYTECODE": ""}  # the latter as it is unless somebody sets it
    options = ("--reload-dir", str(folder), "--poll-interval", "0.1", *more)
    return Serving(dsn, folder / "log", *options, app="shop:app", env=env)


def write(folder: Path, code: str) -> None:
    """Puts code in the place of the old one, as of the same moment: compiled code is told by seconds and size."""
    new = folder / "shop.new"
    new.write_text(code)
    os.utime(new, ns=(10**18, 10**18))
    new.rename(folder / "shop.py")


def says(serving: Serving, text: str, count: int = 1) -> None:
    wait_until(lambda: serving.text.count(text) >= count, what=f"the log to say {text!r}")


def sold(connection: Connection[Any]) -> int:
    """The version that sells now."""
    connection.execute("TRUNCATE public.sold")
    enqueue(connection, "sell")
    wait_until(lambda: not unfinished(connection), what="the job to end")
    row = connection.execute("SELECT version FROM public.sold").fetchone()
    assert row is not None
    return int(row[0])


def watcher_of(serving: Serving) -> int:
    (found,) = [
        child.pid
        for child in psutil.Process(serving.process.pid).children()
        if "pooljobs serve: files" in " ".join(child.cmdline())
    ]
    return found


@pytest.mark.hazard(
    "Source that changed again within a second, to the same length, is taken for what was compiled before",
    closed="nothing of a fleet keeps bytecode written in the second of its source; with `--reload` none at all "
    "(`supervisor/pooljobs_cli/serving/bytecode.py`)",
    area="preloading",
)
def test_changed_code_is_served_and_broken_code_is_not(dsn: str, tmp_path: Path) -> None:
    write(tmp_path, SHOP.format(version=1))
    with audit_of(dsn) as connection:
        connection.execute("CREATE TABLE public.sold (version int)")
        with serving_shop(dsn, tmp_path, "--procs", "2") as serving:
            says(serving, f"watching the Python files in {tmp_path.resolve()}")
            assert sold(connection) == 1
            (tmp_path / "note.txt").write_text("no code")
            (tmp_path / ".venv").mkdir()
            (tmp_path / ".venv" / "library.py").write_text("not ours")
            write(tmp_path, SHOP.format(version=2))  # of the same size
            says(serving, "reloaded: 2 workers with the new code")
            assert sold(connection) == 2

            write(tmp_path, "def (")
            says(serving, "SyntaxError: invalid syntax")
            says(serving, "(exit code 3); the 2 old workers go on")
            assert sold(connection) == 2

            write(tmp_path, SHOP.format(version=3))
            says(serving, "reloaded: 2 workers with the new code", 2)
            assert sold(connection) == 3
            serving.signal(signal.SIGTERM)
            assert serving.ended() == 0, serving.text
    assert serving.text.count(" changed: ") == serving.text.count(" changed: shop.py: reloading; ") == 3
    assert "SIGHUP" not in serving.text


def test_files_that_change_together_are_one_change(dsn: str, tmp_path: Path) -> None:
    write(tmp_path, SHOP.format(version=1))
    with serving_shop(dsn, tmp_path) as serving:
        says(serving, "watching the Python files in ")
        for number in range(50):
            (tmp_path / f"part{number:02}.py").write_text("")
        says(serving, "reloaded: 1 worker with the new code")
        serving.signal(signal.SIGTERM)
        assert serving.ended() == 0, serving.text
    assert "changed: part00.py" in serving.text
    assert serving.text.count("changed: ") < 10, "one, unless this machine stops for a while between two files"


@pytest.mark.hazard(
    "Who watches the files outlives the fleet, or dies unnoticed",
    closed="it dies by the kernel's word or its own look at its parent; its pipe's end is told",
    area="preloading",
)
@LINUX
@pytest.mark.parametrize(
    "end",
    [lambda serving: serving.signal(signal.SIGTERM), lambda serving: serving.process.kill()],
    ids=["asked", "killed"],
)
def test_who_watches_ends_with_the_fleet(dsn: str, tmp_path: Path, end: Callable[[Serving], None]) -> None:
    write(tmp_path, SHOP.format(version=1))
    with serving_shop(dsn, tmp_path) as serving:
        says(serving, "watching the Python files in ")
        watcher = watcher_of(serving)
        end(serving)
        wait_until(lambda: not lives(watcher), what="the end of who watches")
        serving.ended()


@pytest.mark.hazard("Who watches the files outlives the fleet, or dies unnoticed")
@LINUX
@pytest.mark.parametrize("preload", [(), ("--preload",)])
def test_the_death_of_who_watches_is_told_and_harms_nothing(dsn: str, tmp_path: Path, preload: tuple[str, ...]) -> None:
    write(tmp_path, SHOP.format(version=1))
    with audit_of(dsn) as connection:
        connection.execute("CREATE TABLE public.sold (version int)")
        with serving_shop(dsn, tmp_path, *preload) as serving:
            says(serving, "watching the Python files in ")
            os.kill(watcher_of(serving), signal.SIGKILL)
            says(serving, "nobody watches the files any more (killed by SIGKILL)")
            assert sold(connection) == 1
            write(tmp_path, SHOP.format(version=2))
            serving.signal(signal.SIGHUP)
            says(serving, "reloaded: 1 worker with the new code")
            assert sold(connection) == 2
            serving.signal(signal.SIGTERM)
            assert serving.ended() == 0, serving.text
    assert serving.text.count("SIGHUP: reloading") == 1
