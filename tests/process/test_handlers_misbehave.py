"""What a handler can do to its worker, each row in a fleet of one worker: a rude job, and ordinary ones behind it.

Afterwards the ordinary jobs are completed, the rude one has the verdict it should have, nothing is held, the worker is
as it was (or another one), and a drain ends in time with exit code 0. Deeds after which the worker works on are done to
one and the same, one after the other.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from psycopg import Connection

from tests.support import rude_app
from tests.support.serving import ROOT, Serving, enqueue, unfinished
from tests.support.waiting import wait_until

COMPLETED = ("completed", None)
DIED = "the worker process died while running this job: "
OPTIONS = ("--poll-interval", "0.1", "--max-crashes", "1")
ONE_BY_ONE = ("--batch-size", "1", "--no-adaptive")

RAISES = {
    "system_exit": "SystemExit: 4",
    "keyboard_interrupt": "KeyboardInterrupt",
    "generator_exit": "GeneratorExit",
    "stop_iteration": "StopIteration",
    "unprintable": "tests.support.rude_app.UnprintableError: <exception str() failed>",
    "unprintable_too": "tests.support.rude_app.BadNameError: <exception str() failed>",
    "unstorable_text": "ValueError: NUL \\x00 and half a pair \\ud83d",
    "group": "BaseExceptionGroup: several (2 sub-exceptions)",
    "endless_recursion": "RecursionError: maximum recursion depth exceeded",
    "low_recursion_limit": "ValueError: with no depth left",
    "raising_log_filter": "ValueError: now log this",
    "return_a_generator": "TypeError: a generator was returned, whose body has not run: return instead of yield",
}
ASYNC_RAISES = {
    "async_system_exit": "SystemExit: 4",
    "async_keyboard_interrupt": "KeyboardInterrupt",
    "async_generator_exit": "GeneratorExit",
    "async_cancelled_error": "asyncio.exceptions.CancelledError",
    "async_stop_iteration": "RuntimeError: coroutine raised StopIteration",
    "async_stop_async_iteration": "StopAsyncIteration",
    "cancel_itself": "asyncio.exceptions.CancelledError",
    "cancel_all_tasks": "asyncio.exceptions.CancelledError",
}
DIES = {
    "exit_0": f"{DIED}exit code 0",
    "exit_3": f"{DIED}exit code 3",
    "segfault": f"{DIED}killed by SIGSEGV",
    "abort": f"{DIED}killed by SIGABRT",
    "out_of_processor_time": f"{DIED}killed by SIGXCPU",
}
FORKS = ("fork_and_return_twice", "fork_and_stay", "leave_a_subprocess")
CLOSES = ("close_all_descriptors", "close_all_descriptors_and_open_others")
HARMLESS = (
    "leave_threads",
    "exit_in_a_thread",
    "alarm",
    "raising_alarm",
    "change_directory",
    "change_umask",
    "change_environment",
    "change_locale",
    "ignore_signals",
    "handle_signals",
    "block_signals",
    "close_streams",
    "replace_streams",
    "shut_logging_down",
    "silence_logging",
    "print_without_end",
    "forget_modules",
    "patch_sleep",
    "stop_collecting",
    "return_much",
    "return_a_coroutine",
    "set_variables",
    "run_a_loop",
    "close_the_loop",
)
ASYNC_HARMLESS = (
    "leave_tasks",
    "leave_a_task_that_exits",
    "leave_an_executor_busy",
    "stop_the_loop",
    "async_fork_and_return_twice",
    "async_return_what_gather_gives",
)

ALONE = ("out_of_memory", "fork_and_raise_twice", "terminate_its_group", "close_standard_descriptors")
"""Each with a test of its own."""

ASYNC_CLOSES = ("async_close_all_descriptors",)

SHARED_LOOP = ("async_system_exit", "async_keyboard_interrupt", "cancel_itself", *ASYNC_HARMLESS)

WITHOUT_UVLOOP = {"PYTHONPATH": f"{ROOT / 'tests' / 'support' / 'without_uvloop'}:{ROOT}"}
LOOPS = (pytest.param({}, id="uvloop"), pytest.param(WITHOUT_UVLOOP, id="without uvloop", marks=pytest.mark.long))

TAME = ("ordinary", "ordinary_async", "inspect")

Verdict = tuple[str, str | None]


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """Ends what rude jobs started and left: told by the name of the test in their environment."""
    mark = os.environ["PYTEST_CURRENT_TEST"].partition(" ")[0]
    yield
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.pid != os.getpid() and process.environ().get("RUDE_TEST") == mark:
                process.kill()


@contextmanager
def rude_fleet(
    dsn: str, folder: Path, *options: str, env: dict[str, str] | None = None
) -> Iterator[tuple[Serving, Connection[Any]]]:
    """A fleet of one worker; it must leave in time and in order."""
    mark = {"RUDE_TEST": os.environ["PYTEST_CURRENT_TEST"].partition(" ")[0], "AUDIT_DSN": dsn}
    with psycopg.connect(dsn, autocommit=True) as connection:
        app = "tests.support.rude_app:app"
        with Serving(dsn, folder / "log", *OPTIONS, *options, app=app, env={**mark, **(env or {})}) as serving:
            yield serving, connection
            serving.signal(signal.SIGTERM)
            assert serving.ended(20) == 0, serving.text[-4000:]


def do(connection: Connection[Any], job_type: str, deed: str, runs: int = 1) -> None:
    """One row: a rude job with ordinary ones behind it, and then some that look around."""
    payload = json.dumps({"deed": deed} if deed else {})
    with connection.transaction():
        connection.execute("SELECT pooljobs.enqueue(%s, %s::jsonb, max_retries => %s)", (job_type, payload, runs))
        for ordinary in ("ordinary", "ordinary_async"):
            enqueue(connection, ordinary, 3)
    wait_until(lambda: not unfinished(connection), what=f"all jobs to end beside {deed}")
    enqueue(connection, "ordinary", 2)
    enqueue(connection, "inspect", 2)
    wait_until(lambda: not unfinished(connection), what=f"all jobs to end after {deed}")


def play(dsn: str, folder: Path, job_type: str, deed: str, *options: str, env: dict[str, str] | None = None) -> Verdict:
    """One row in a fleet of its own: the verdict on the rude job, after everything else was found in order."""
    with rude_fleet(dsn, folder, *options, env=env) as (serving, connection):
        do(connection, job_type, deed)
    ((_, verdict),) = verdicts(dsn, serving.text[-4000:])
    return verdict


def play_all(
    dsn: str, folder: Path, job_type: str, deeds: Iterable[str], *options: str, env: dict[str, str] | None = None
) -> dict[str, Verdict]:
    """Rows after which the worker works on, done to one and the same: the verdict on each."""
    with rude_fleet(dsn, folder, *options, env=env) as (serving, connection):
        for deed in deeds:
            do(connection, job_type, deed)
    found = dict(verdicts(dsn, serving.text[-4000:]))
    assert "exit code" not in serving.text, f"the worker was replaced: {found}\n{serving.text[-4000:]}"
    return found


def verdicts(dsn: str, log: str) -> Sequence[tuple[str, Verdict]]:
    """What became of each deed; all other jobs must be completed, in one run that no neighbour's crash cut short."""
    query = "SELECT payload->>'deed', job_type, status, attempts, crashes, last_error FROM pooljobs.jobs"
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(query).fetchall()
    tame = {row for row in rows if row[1] in TAME}
    assert {(row[2], row[3] - row[4]) for row in tame} == {("completed", 1)}, f"{tame}\n{log}"
    return [(row[0], (row[2], row[5])) for row in rows if row[1] not in TAME]


def failed_with(expected: dict[str, str], found: dict[str, Verdict]) -> bool:
    """Whether each failed, and says why as is expected."""
    return found.keys() == expected.keys() and all(
        status == "failed" and (error or "").startswith(expected[deed]) for deed, (status, error) in found.items()
    )


def test_whatever_is_raised_fails_the_job_alone(dsn: str, tmp_path: Path) -> None:
    found = play_all(dsn, tmp_path, "rude", RAISES)
    assert failed_with(RAISES, found), found


def test_whatever_an_async_handler_raises_fails_the_job_alone(dsn: str, tmp_path: Path) -> None:
    found = play_all(dsn, tmp_path, "rude_async", ASYNC_RAISES)
    assert failed_with(ASYNC_RAISES, found), found


def test_a_worker_out_of_memory_fails_the_job_and_goes_on(dsn: str, tmp_path: Path) -> None:
    status, error = play(dsn, tmp_path, "rude", "out_of_memory", env={"RUDE_MEMORY": str(2**30)})
    assert (status, (error or "").startswith("MemoryError")) == ("failed", True), error


@pytest.mark.parametrize("deed", DIES)
def test_a_death_is_charged_to_its_job_alone(dsn: str, tmp_path: Path, deed: str) -> None:
    status, error = play(dsn, tmp_path, "rude", deed)
    assert (status, (error or "").startswith(DIES[deed])) == ("failed", True), error


def test_a_fork_that_raises_twice_fails_once(dsn: str, tmp_path: Path) -> None:
    status, error = play(dsn, tmp_path, "rude", "fork_and_raise_twice")
    assert (status, (error or "").startswith("ValueError: twice")) == ("failed", True), error
    assert_nothing_ran_twice(tmp_path)


@pytest.mark.hazard("A bug in the supervisor hangs in its exit")
@pytest.mark.parametrize("deed", FORKS)
def test_what_a_fork_leaves_runs_no_jobs(dsn: str, tmp_path: Path, deed: str) -> None:
    assert play(dsn, tmp_path, "rude", deed) == COMPLETED
    assert_nothing_ran_twice(tmp_path)
    log = (tmp_path / "log").read_text()
    assert log.count("inspected") == 2
    assert "exit code" not in log, log[-4000:]


def assert_nothing_ran_twice(folder: Path) -> None:
    """Each of the five ordinary jobs has said so once: a second process in the same batch would say it again."""
    log = (folder / "log").read_text()
    assert log.count("as usual") == 5, log[-4000:]


@pytest.mark.parametrize("deed", CLOSES)
def test_a_worker_without_its_descriptors_is_replaced(dsn: str, tmp_path: Path, deed: str) -> None:
    assert play(dsn, tmp_path, "rude", deed) == COMPLETED
    log = (tmp_path / "log").read_text()
    assert "a handler closed this worker's own descriptors" in log
    assert "exit code 1" in log


@pytest.mark.hazard("A bug in the supervisor hangs in its exit")
def test_a_worker_works_on_after(dsn: str, tmp_path: Path) -> None:
    found = play_all(dsn, tmp_path, "rude", HARMLESS)
    assert found == dict.fromkeys(HARMLESS, COMPLETED)
    assert (tmp_path / "log").read_text().count("inspected") == 2 * len(HARMLESS)


def test_a_worker_without_standard_descriptors_works_on(dsn: str, tmp_path: Path) -> None:
    assert play_all(dsn, tmp_path, "rude", ["close_standard_descriptors"]) == {"close_standard_descriptors": COMPLETED}


def test_a_worker_that_its_handler_terminates_finishes_its_batch_and_is_replaced(dsn: str, tmp_path: Path) -> None:
    assert play(dsn, tmp_path, "rude", "terminate_its_group") == COMPLETED
    with psycopg.connect(dsn) as connection:
        assert connection.execute("SELECT count(*), max(crashes) FROM pooljobs.jobs").fetchone() == (11, 0)
        assert connection.execute("SELECT count(DISTINCT worker_id) FROM pooljobs.jobs").fetchone() == (2,)


def test_a_worker_works_on_after_an_async_handler_that(dsn: str, tmp_path: Path) -> None:
    assert play_all(dsn, tmp_path, "rude_async", ASYNC_HARMLESS) == dict.fromkeys(ASYNC_HARMLESS, COMPLETED)


def test_a_failed_transaction_is_its_owners_alone(dsn: str, tmp_path: Path) -> None:
    assert play(dsn, tmp_path, "leave_a_failed_transaction", "") == COMPLETED


@pytest.mark.parametrize("deed", ["system_exit", "fork_and_return_twice", "fork_and_raise_twice", "leave_threads"])
def test_threads_of_a_worker_go_on_after(dsn: str, tmp_path: Path, deed: str) -> None:
    status, error = play(dsn, tmp_path, "rude", deed, "--concurrency", "4")
    expected = {"system_exit": "SystemExit: 4", "fork_and_raise_twice": "ValueError: twice"}.get(deed)
    assert (status, (error or "").partition("\n")[0] or None) == ("failed" if expected else "completed", expected)


@pytest.mark.parametrize("deed", ["exit_0", "segfault"])
def test_a_death_among_threads_is_charged_to_the_one_that_dies_alone(dsn: str, tmp_path: Path, deed: str) -> None:
    options = ("--concurrency", "4", "--max-crashes", "3", *ONE_BY_ONE)  # the neighbours come a claim later
    status, error = play(dsn, tmp_path, "rude", deed, *options)
    assert (status, (error or "").startswith(DIES[deed])) == ("failed", True), error


@pytest.mark.parametrize("deed", CLOSES)
def test_threads_without_descriptors_are_replaced(dsn: str, tmp_path: Path, deed: str) -> None:
    options = ("--concurrency", "4", "--max-crashes", "3", *ONE_BY_ONE)
    status, error = play(dsn, tmp_path, "rude_and_gone", deed, *options)
    # A neighbour that ends first sees it first, while the rude job still runs: then that one is charged too. Or the
    # event loop of async handlers does, if it waits just then: uvloop aborts when its descriptor is gone.
    ends = (f"{DIED}exit code 1", f"{DIED}killed by SIGABRT")
    assert status == "completed" or (error or "").startswith(ends), error


@pytest.mark.parametrize("env", LOOPS)
def test_a_shared_loop_goes_on_after(dsn: str, tmp_path: Path, env: dict[str, str]) -> None:
    found = play_all(dsn, tmp_path, "rude_async", SHARED_LOOP, "--concurrency", "4", env=env)
    expected = {deed: "failed" if deed in ASYNC_RAISES else "completed" for deed in SHARED_LOOP}
    assert {deed: status for deed, (status, _) in found.items()} == expected


@pytest.mark.parametrize("env", LOOPS)
@pytest.mark.parametrize("deed", ASYNC_CLOSES)
def test_a_shared_loop_without_its_descriptors_is_replaced_with_its_worker(
    dsn: str, tmp_path: Path, deed: str, env: dict[str, str]
) -> None:
    options = ("--concurrency", "4", "--max-crashes", "3", *ONE_BY_ONE)
    status, error = play(dsn, tmp_path, "rude_async", deed, *options, env=env)
    assert (status, (error or "").startswith(DIED)) == ("failed", True), error


@pytest.mark.parametrize("deed", ASYNC_CLOSES)
def test_a_worker_whose_loop_lost_its_descriptors_is_replaced(dsn: str, tmp_path: Path, deed: str) -> None:
    status, _ = play(dsn, tmp_path, "rude_async", deed)
    assert status == "failed"
    assert "a handler closed this worker's own descriptors" in (tmp_path / "log").read_text()


def test_every_deed_has_its_row() -> None:
    rows = {*RAISES, *DIES, *FORKS, *CLOSES, *HARMLESS, *ALONE}
    assert rows == set(rude_app._deeds)
    assert {*ASYNC_RAISES, *ASYNC_HARMLESS, *ASYNC_CLOSES} == set(rude_app._async_deeds)
