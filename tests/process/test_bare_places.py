"""Places that lack what is nearly always there: a fleet runs jobs in them all the same, or says what it cannot do
without.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pooljobs.exit_codes import ExitCode
from pooljobs.settings import ServeSettings
from pooljobs_supervisor.fleet.file_budget import needed
from tests.support.cut_line import Line
from tests.support.serving import ROOT, counts, unfinished
from tests.support.waiting import wait_until

AS_IT_IS: Final = 'exec "$@"'
APP: Final = "tests.support.bare_app:app"

MOUNTS: Final = ("unshare", "--mount") if os.geteuid() == 0 else ("unshare", "--map-root-user", "--mount")
READ_ONLY: Final = """
mount --make-rprivate / || exit
for place in $(cut -d" " -f 5 /proc/self/mountinfo); do mount -o remount,bind,ro "$place" 2> /dev/null; done
touch /tmp/written 2> /dev/null && exit 1
"""
NAMELESS: Final = 'exec unshare --user --map-user=54321 --map-group=54321 "$@"'


def mounted(preparation: str) -> str:
    """In a namespace of its own, after a root's preparation there."""
    return f'exec {" ".join(MOUNTS)} sh -c \'{preparation}\nexec "$@"\' sh "$@"'


NO_PROC: Final = mounted("mount -t tmpfs -o ro none /proc")
FEWEST: Final = needed(ServeSettings(dsn="", app=APP))


@dataclass(frozen=True)
class Place:
    """How a command gets there, as a shell says it; and what commands that print end with there."""

    shell: str = AS_IT_IS
    env: dict[str, str] | None = None
    """Instead of this process's."""
    options: Sequence[str] = ()
    """Of ``serve``."""
    printing: ExitCode = ExitCode.OK
    unread: bool = False
    """Whether what is printed goes into a pipe whose reader has gone."""

    def start(self, dsn: str, said: Path, *arguments: str) -> subprocess.Popen[bytes]:
        """Starts a command there."""
        env = os.environ if self.env is None else self.env
        with _output(said, unread=self.unread) as output:
            return subprocess.Popen(
                ["sh", "-c", self.shell, "sh", sys.executable, "-m", "pooljobs", *arguments],
                cwd=ROOT,
                env={**env, "DATABASE_URL": dsn, "PYTHONPATH": str(ROOT)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def run(self, dsn: str, said: Path, *arguments: str) -> int:
        """Runs a command there to its end; its exit code."""
        return self.start(dsn, said, *arguments).wait(60)

    def require(self) -> None:
        """Skips the test where this place is not to be had."""
        tried = subprocess.run(
            ["sh", "-c", self.shell, "sh", sys.executable, "-c", ""], capture_output=True, check=False, text=True
        )
        if tried.returncode:
            pytest.skip(f"such a place is not to be had here: {tried.stderr.strip()}")


@contextmanager
def _output(said: Path, *, unread: bool) -> Iterator[int]:
    if unread:
        reader, output = os.pipe()
        os.close(reader)
    else:
        output = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        yield output
    finally:
        os.close(output)


PLACES: Final = {
    "a read-only root": Place(mounted(READ_ONLY)),
    "a read-only root, preloading": Place(mounted(READ_ONLY), options=("--preload",)),
    "no file may grow": Place('ulimit -f 0; exec "$@"', printing=ExitCode.OUTPUT),
    "no /proc": Place(NO_PROC),
    "no stdin": Place('exec "$@" <&-'),
    "no stdout": Place('exec "$@" >&-', printing=ExitCode.OUTPUT),
    "no stderr": Place('exec "$@" 2>&-'),
    "no standard streams": Place('exec "$@" <&- >&- 2>&-', printing=ExitCode.OUTPUT),
    "a full disk": Place('exec "$@" > /dev/full 2> /dev/full', printing=ExitCode.OUTPUT),
    "nobody reads": Place(unread=True),
    "a HOME that is nowhere, everybody may write": Place('HOME=/proc/nowhere; export HOME; umask 000; exec "$@"'),
    "a uid without a name": Place(NAMELESS),
    "no environment, and so neither HOME nor locale": Place(env={}),
    "ASCII alone": Place(env={"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}),
    "a working directory that was removed": Place('cd "$(mktemp -d)" && rmdir "$PWD" && exec "$@"'),
    "a working directory that it may not enter": Place(
        'cd "$(mktemp -d)" && exec setpriv --reuid=54321 --regid=54321 --clear-groups "$@"'
    ),
    "as few files as a fleet needs, nobody may read": Place(f'ulimit -n {FEWEST}; umask 777; exec "$@"'),
}


@pytest.fixture
def reached(dsn: str) -> Iterator[str]:
    """The database by TCP: its socket is not to be reached from each of these places."""
    line = Line(dsn)
    yield line.dsn
    line.close()


OFTEN = {
    "a read-only root",
    "no standard streams",
    "a full disk",
    "a uid without a name",
    "as few files as a fleet needs, nobody may read",
}
"""Places of which the others are parts: these are tried each time."""


@pytest.mark.hazard(
    "A command ends by a traceback for where it prints, or prints into a connection that got the number of a "
    "closed stdout",
    closed="streams of its own (`supervisor/pooljobs_cli/output/streams.py`); the numbers 0, 1 and 2 are taken "
    "(`shared/pooljobs/process/standard_numbers.py`)",
    area="output",
)
@pytest.mark.hazard(
    "A place without a temporary directory: dill asks for it when multiprocess imports it, and no fleet starts",
    closed="it is told one for the import, where there is none (`shared/pooljobs/process/importing.py`)",
    area="processes",
)
@pytest.mark.skipif(sys.platform != "linux", reason="Linux only")
@pytest.mark.parametrize(
    "place",
    [pytest.param(place, id=name, marks=() if name in OFTEN else pytest.mark.long) for name, place in PLACES.items()],
)
def test_a_job_is_enqueued_run_and_shown_in_a_bare_place(
    reached: str, connection: Connection[Any], tmp_path: Path, place: Place
) -> None:
    place.require()
    said = tmp_path / "said"
    said.touch()
    assert place.run(reached, said, "enqueue", "look", "--payload", '{"name": "größe"}') == place.printing, (
        said.read_text()
    )
    fleet = place.start(reached, said, "serve", "--app", APP, *place.options)
    try:
        wait_until(lambda: fleet.poll() is not None or not unfinished(connection), what="the job's end")
        assert counts(connection) == {"completed": 1}, (said.read_text(), errors(connection))
        assert taken(fleet.pid) == [], "by sockets"
    finally:
        fleet.terminate()
        code = fleet.wait(60)
    assert code == ExitCode.OK, said.read_text()
    for command in (["stats"], ["jobs", "list"]):
        assert place.run(reached, said, *command) == place.printing, said.read_text()
    assert "Traceback" not in said.read_text()


def errors(connection: Connection[Any]) -> list[Any]:
    """What was noted of jobs' runs that failed."""
    return connection.execute("SELECT last_error FROM pooljobs.jobs").fetchall()


def taken(pid: int) -> list[str]:
    """What sockets and the like have numbers of standard streams, in a process and all that it forked."""
    found = []
    for each in tree(pid):
        for number in (0, 1, 2):
            with suppress(FileNotFoundError):  # it has ended since
                target = str(Path(f"/proc/{each}/fd/{number}").readlink())
                found += [f"{each}: {number} is {target}"] if target.startswith(("socket:", "anon_inode:")) else []
    return found


def tree(pid: int) -> Iterator[int]:
    """A process and all that descend from it."""
    yield pid
    with suppress(FileNotFoundError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            yield from tree(int(child))


REFUSED: Final = {
    "few files": (Place('ulimit -n 32; exec "$@"'), ExitCode.EXHAUSTED, ["no more than 32 files", "ulimit -n"]),
    "no /dev/null": (
        Place(mounted("mount -t tmpfs -o ro none /dev")),
        ExitCode.EXHAUSTED,
        ["error: /dev/null: No such file", "hint: mount /dev"],
    ),
    "no working directory to find it in": (
        Place('cd "$(mktemp -d)" && rmdir "$PWD" && exec "$@"'),
        ExitCode.APP,
        ["the working directory is gone"],
    ),
}


@pytest.mark.skipif(sys.platform != "linux", reason="Linux only")
@pytest.mark.parametrize(("place", "code", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_serve_says_what_it_cannot_do_without(
    reached: str, tmp_path: Path, place: Place, code: ExitCode, words: list[str]
) -> None:
    place.require()
    said = tmp_path / "said"
    app = "nowhere:app" if code is ExitCode.APP else APP
    assert place.run(reached, said, "serve", "--app", app) == code
    assert all(word in said.read_text() for word in words), said.read_text()
    assert "Traceback" not in said.read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="Linux only")
@pytest.mark.parametrize("command", [["stats"], ["enqueue", "x"], ["serve", "--app", APP]], ids=" ".join)
def test_a_user_without_a_name_is_to_name_the_databases(reached: str, tmp_path: Path, command: list[str]) -> None:
    place, said = Place(NAMELESS), tmp_path / "said"
    place.require()
    without = {name: value for name, value in conninfo_to_dict(reached).items() if name != "user"}
    assert place.run(make_conninfo("", **without), said, *command) == ExitCode.DATABASE_UNREACHABLE
    assert "name one of the database's in the DSN, or in PGUSER" in said.read_text()
