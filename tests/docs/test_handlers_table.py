"""The table of what a handler can do to its worker, in docs/handlers.md, against the fleets that show it."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from tests.docs.blocks import ROOT
from tests.process import test_handlers_misbehave as shown
from tests.support import rude_app

HEADING = "## What a handler can do to its worker"
OWN_JOB = "leave_a_failed_transaction"
"""A deed that is a job type of its own."""

AT_ITS_END = "leaves its process without memory, descriptors or threads"
"""Shown by ``tests/process/test_exhausted_workers.py``."""

ROWS: Mapping[str, tuple[str, ...]] = {
    "raises anything": (
        *("system_exit", "keyboard_interrupt", "generator_exit", "stop_iteration", "group"),
        *("async_system_exit", "async_keyboard_interrupt", "async_generator_exit", "async_cancelled_error"),
        *("async_stop_iteration", "async_stop_async_iteration"),
    ),
    "raises what has no text": ("unprintable", "unprintable_too", "unstorable_text"),
    "recurses without end": ("endless_recursion", "low_recursion_limit"),
    "runs out of memory": ("out_of_memory",),
    AT_ITS_END: (),
    "ends or crashes the process": ("exit_0", "exit_3", "segfault", "abort", "out_of_processor_time"),
    "sends SIGTERM": ("terminate_its_group",),
    "closes the worker's descriptors": (
        *("close_all_descriptors", "close_all_descriptors_and_open_others", "async_close_all_descriptors"),
    ),
    "forks, and comes back twice": ("fork_and_return_twice", "fork_and_raise_twice", "async_fork_and_return_twice"),
    "leaves subprocesses": ("fork_and_stay", "leave_a_subprocess"),
    "leaves threads": (
        *("leave_threads", "exit_in_a_thread", "leave_tasks", "leave_a_task_that_exits", "leave_an_executor_busy"),
    ),
    "stops or closes an event loop": (
        "stop_the_loop",
        "run_a_loop",
        "close_the_loop",
        "cancel_itself",
        "cancel_all_tasks",
    ),
    "changes the working directory": ("change_directory", "change_umask"),
    "ignores, handles or blocks signals": (
        "ignore_signals",
        "handle_signals",
        "block_signals",
        "alarm",
        "raising_alarm",
    ),
    "closes or replaces the standard streams": ("close_streams", "close_standard_descriptors", "replace_streams"),
    "prints without end": ("print_without_end",),
    "removes the log handlers": ("silence_logging", "shut_logging_down", "raising_log_filter"),
    "disables the garbage collector": ("stop_collecting",),
    "changes the environment": ("change_environment", "change_locale", "forget_modules", "patch_sleep"),
    "leaves a connection": (OWN_JOB,),
    "returns a generator": ("return_a_generator",),
    "returns something large": ("return_much",),
    "returns something to await": ("return_a_coroutine", "async_return_what_gather_gives"),
    "sets context variables": ("set_variables",),
}
"""How a row begins, and the deeds that show it."""

FAIL = {*shown.RAISES, *shown.ASYNC_RAISES, "out_of_memory", "fork_and_raise_twice"}


def table() -> list[list[str]]:
    """Its rows: the handler, the job, the worker."""
    _, _, section = (ROOT / "docs/handlers.md").read_text().partition(f"{HEADING}\n")
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_every_row_is_shown_and_every_deed_has_a_row() -> None:
    begins = [next((start for start in ROWS if row[0].startswith(start)), row[0]) for row in table()]
    assert begins == list(ROWS)
    named = [deed for deeds in ROWS.values() for deed in deeds]
    assert sorted(named) == sorted({*rude_app._deeds, *rude_app._async_deeds, OWN_JOB})


@pytest.mark.parametrize("start", [start for start, deeds in ROWS.items() if deeds])
def test_what_a_row_says_of_the_job_is_what_the_fleet_shows(start: str) -> None:
    (said,) = [row[1] for row in table() if row[0].startswith(start)]
    deeds = set(ROWS[start])
    if start.startswith("forks, and comes back twice"):
        assert said == "counts once"
        return
    assert bool(re.search(r"\bfails\b", said)) == bool(deeds & FAIL) or deeds <= {*shown.CLOSES, *shown.ASYNC_CLOSES}
    assert said.startswith("is charged a crash") == bool(deeds & set(shown.DIES))
    assert said.startswith("is completed") == bool(deeds - FAIL - set(shown.DIES))
