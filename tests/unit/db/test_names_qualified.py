"""What runs where the search_path is not ours has a schema on each name: functions, operators, types.

That these names suffice is tried in tests/db/test_hostile_schema.py; here none is forgotten, in texts of tomorrow too.
"""

from __future__ import annotations

import ast
import re
from importlib import resources
from pathlib import Path
from typing import Final

import pytest

from pooljobs.db.schema.migrations import functions
from pooljobs.db.statements import Statements

ELSEWHERE: Final = (
    "insert_job", "insert_jobs", "cancel_one", "complete_in_transaction", "copy_jobs", "notify_idle", "read_clock",
    "wait_for_disk", "insert_unique", "insert_unique_jobs", "take_unique_jobs", "copy_unique_jobs",
    "read_results", "register_waits", "listen_ended",
)  # fmt: skip
"""Statements that run on connections of applications, and of producers, which may come through a pooler."""

OWN_CONNECTIONS: Final = {
    "shared/pooljobs/contrib/django/test_case.py",  # of tests; pins it
    "shared/pooljobs/db/pool_checkout.py",  # runs nothing
    "shared/pooljobs/db/connect.py",  # fixes the path, or has pinned_transaction for it
    "shared/pooljobs/db/store/producer_pool.py",  # for the statements above alone
    "shared/pooljobs/embedded/sessions.py",  # fixes the path
    "shared/pooljobs/enqueue/wait_session.py",  # for the statements above alone
    "supervisor/pooljobs_cli/chaos/application/handlers.py",  # a handler: an application's own
    "supervisor/pooljobs_cli/chaos/mischief.py",
    "supervisor/pooljobs_cli/chaos/pooler.py",  # runs nothing
    "supervisor/pooljobs_cli/chaos/producers.py",
    "supervisor/pooljobs_cli/chaos/withdrawing.py",
    "supervisor/pooljobs_cli/demo/demo_jobs.py",
    "worker/pooljobs_testing/database_server.py",  # of tests: makes and drops databases
    "worker/pooljobs_testing/harness.py",  # pins it
}
"""Who connects: chaos and the demo fix the path at once."""

SYNTAX: Final = {"and", "case", "coalesce", "else", "exists", "extract", "greatest", "least", "or", "values", "when"}
"""Words that stand before a bracket and call nothing that could be another's."""
LOOKED_UP: Final = {"between", "in", "like", "ilike", "nullif", "similar", "using", "distinct"}
"""Words that stand for an operator, which is looked up by its name in the search_path."""
GRAMMAR: Final = {"bigint", "integer", "smallint", "boolean", "interval"}
"""Types that PostgreSQL's grammar takes from pg_catalog."""

_NO_CODE = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\"[^\"]*\"")
_QUALIFIED = re.compile(r"OPERATOR\(pg_catalog\.[^)]+\)")
_CALL = re.compile(r"(?<![\w.])(?<!AS )([a-z_]\w*)\s*\(")
_CAST = re.compile(r"::\s*([\w.]+)")
_OPERATOR = re.compile(r"[-+*/<>=~!@#%^&|`?]+")
_HARMLESS = {"=>", "*"}


def looked_up(text: str) -> set[str]:
    """What is looked up by a bare name; ``*`` counts only between values."""
    code = _QUALIFIED.sub(" ", _NO_CODE.sub("''", re.sub(r"%\(\w+\)s", "$1", text)))
    words = {word.lower() for word in re.findall(r"\w+", code)}
    found = {f"{name}()" for name in _CALL.findall(code) if name.lower() not in SYNTAX}
    found |= {f"::{name}" for name in _CAST.findall(code) if name not in GRAMMAR and not name.startswith("pg_catalog.")}
    found |= {operator for operator in _OPERATOR.findall(code) if operator not in _HARMLESS}
    return found | (words & LOOKED_UP)


def body(text: str) -> str:
    """What a function does: what stands between its dollars."""
    return text.split("$body$")[1] if "$body$" in text else ""


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("SELECT now()", {"now()"}),
        ("SELECT a = 1 OR b::text || 'x = y' IS NULL -- c()", {"=", "||", "::text"}),
        ("SELECT 1 WHERE a IN (1) AND b BETWEEN 1 AND 2", {"between", "in"}),
        ('SELECT pg_catalog.f(x => 1) OPERATOR(pg_catalog.+) 2::bigint, coalesce(%(a)s, "b=".c())', set()),
    ],
)
def test_bare_names_are_found(text: str, names: set[str]) -> None:
    assert looked_up(text) == names


@pytest.mark.parametrize("verb", ELSEWHERE)
def test_statements_on_connections_of_others_look_nothing_up(verb: str) -> None:
    assert looked_up(Statements("pooljobs").load(verb).decode()) == set()


@pytest.mark.hazard("Who may create in a schema of the search_path makes functions")
@pytest.mark.parametrize("name", sorted(functions()))
def test_functions_have_a_path_of_their_own_or_look_nothing_up(name: str) -> None:
    text = functions()[name]
    fixed = "SET search_path = pg_catalog, pg_temp" in text
    bound = "VIEW" in text or re.search(r"\bRETURN\b|BEGIN ATOMIC", text.split("$body$")[0]) is not None
    assert fixed or bound or not looked_up(body(text).replace("RETURN", ""))
    assert fixed or bound or body(text)
    assert "SECURITY DEFINER" not in text or fixed or "BEGIN ATOMIC" in text


def test_nobody_else_connects() -> None:
    root = Path(str(resources.files("pooljobs"))).parents[1]
    found = set()
    for source in (path for part in ("shared", "worker", "supervisor") for path in (root / part).rglob("*.py")):
        for node in ast.walk(ast.parse(source.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in (
                "psycopg.connect", "Connection.connect", "AsyncConnection.connect", "ConnectionPool",
            ):  # fmt: skip
                found.add(str(source.relative_to(root)))
    assert found == OWN_CONNECTIONS


def test_chaos_and_demo_fix_the_path_of_theirs() -> None:
    root = Path(str(resources.files("pooljobs"))).parents[1]
    theirs = [name for name in OWN_CONNECTIONS if name.startswith("supervisor")]
    theirs = [name for name in theirs if not name.endswith(("handlers.py", "pooler.py"))]
    assert all("close_path" in (root / name).read_text("utf-8") for name in theirs)
