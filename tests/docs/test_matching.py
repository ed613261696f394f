"""The comparison itself: it must let pass what differs from run to run, and nothing else."""

from __future__ import annotations

from tests.docs.blocks import Block, blocks, commands
from tests.docs.matching import Names, missing_lines, output_matches, with_names

A = "01a20ab1-6825-7b48-8b95-e18ba2be1121"
B = "01a20ab1-682d-759b-8fd5-fbdfa26d9861"
REAL_A = "02b20ab1-6825-7b48-8b95-e18ba2be1121"
REAL_B = "02b20ab1-682d-759b-8fd5-fbdfa26d9861"


def matches(shown: str, actual: str, names: Names | None = None) -> bool:
    return output_matches(shown.splitlines(), actual.splitlines(), {} if names is None else names)


def test_what_differs_from_run_to_run_may_differ() -> None:
    shown = "23:15:32.036 INFO  worker-1   ready after 0.4 s (pid 26081), 12 ms / 1.5 h, PostgreSQL 18.6"
    assert matches(shown, "01:02:03.999 INFO  worker-12  ready after 12 s (pid 7), 1.3 s / 2 min, PostgreSQL 15.18")
    assert matches("default  1/3   4 s ago", "default  1/3   now")
    assert matches("default  1/3   now", "default  1/3   2 min ago")
    assert matches("schema is at version 110", "schema is at version 111")
    assert matches('up to date (version 99) {"version":110}', 'up to date (version 112) {"version":112}')
    assert matches("database shop at localhost:5432, schema", "database test_1 at the socket in /tmp/x/data, schema")


def test_nothing_else_may_differ() -> None:
    assert not matches("23:15:32.036 INFO  worker-1   ready", "23:15:32.036 WARN  worker-1   ready")
    assert not matches("done", "done\nand more")
    assert not matches("done\nand more", "done")
    assert not matches("1/3  default", "2/3  default")
    assert not matches("one", "")
    assert not matches("", "one")


def test_columns_follow_their_contents() -> None:
    assert matches("id    status   type", "id            status  type")
    assert not matches("id    status   type", "idstatus type")


def test_three_dots_stand_for_any_lines() -> None:
    assert matches("a\n...\nd", "a\nb\nc\nd")
    assert matches("a\n...\nd", "a\nd")
    assert matches("a\n...", "a\nb")
    assert not matches("a\n...\nd", "a\nb")
    assert not matches("...\nd", "d\ne")


def test_an_id_stands_for_one_id_and_no_other() -> None:
    names: Names = {}
    assert matches(f"{A}\n{B}", f"{REAL_A}\n{REAL_B}", names)
    assert names == {A: REAL_A, B: REAL_B}
    assert matches(f"show {B}", f"show {REAL_B}", names)
    assert not matches(f"show {B}", f"show {REAL_A}", names)
    assert not matches(f"{A} {B}", f"{REAL_A} {REAL_A}")
    assert not matches(f"{A} {A}", f"{REAL_A} {REAL_B}")
    assert with_names(f"retry {A}", names) == f"retry {REAL_A}"


def test_a_failed_comparison_learns_nothing() -> None:
    names: Names = {}
    assert not matches(f"{A}\nx", f"{REAL_A}\ny", names)
    assert missing_lines([f"{A} done", "x"], [f"{REAL_A} done"], names) == ["x"]
    assert names == {}


def test_a_pid_is_a_name_too() -> None:
    names: Names = {}
    assert missing_lines(["worker 1 (pid 12) ended"], ["noise", "worker 2 (pid 345) ended"], names) == []
    assert with_names("kill -9 12", names) == "kill -9 345"


def test_a_log_may_come_in_any_order_but_must_be_whole() -> None:
    log = ["b", "a", "a"]
    assert missing_lines(["a", "b"], log, {}) == []
    assert missing_lines(["a", "a", "a"], log, {}) == ["a"]


def test_blocks_and_commands_are_found() -> None:
    text = "x\n```console\n$ one \\\n  two  # why\nout\n$ three\n^Cstopped\n```\n```python\n# a.py\n```\n"
    console, python = blocks(text)
    assert (console.line, python.language, python.text) == (2, "python", "# a.py\n")
    assert [(command.text, command.output) for command in commands(console)] == [
        ("one   two", ("out",)),
        ("three", ()),
        ("^C", ("stopped",)),
    ]
    assert not list(blocks("no ``` block"))
    assert commands(Block("console", "", 1)) == []
