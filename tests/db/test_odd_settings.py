"""Databases that are set to odd values: sessions of children, and transactions of commands, are as they need to be."""

from __future__ import annotations

from typing import Any, Final

import pytest
from psycopg import Connection, sql

from pooljobs.db.connect import NEEDED, PINNED, child_pool, connect, pinned_transaction
from tests.support.odd_settings import TIMEOUTS, VALUES, set_all

PLANNED: Final = {
    "plan_cache_mode": ("force_custom_plan", "force_generic_plan"),
    "enable_indexscan": ("off", "on"),
    "enable_nestloop": ("off", "on"),
    "enable_seqscan": ("on", "off"),
    "enable_bitmapscan": ("on", "off"),
    "enable_hashjoin": ("on", "off"),
    "enable_mergejoin": ("on", "off"),
    "jit": ("on", "off"),
    "default_transaction_isolation": ("serializable", "read committed"),
}


def current(connection: Connection[Any], names: object) -> dict[str, str]:
    assert isinstance(names, dict)
    return {name: connection.execute(sql.SQL("SHOW {}").format(sql.SQL(name))).fetchone()[0] for name in names}  # type: ignore[index]


def test_the_odd_values_are_of_all_that_is_said() -> None:
    said = {setting.split(" = ")[0] for setting in NEEDED}
    assert said == VALUES.keys()
    assert {setting.split(" = ")[0] for setting in PINNED} == said | PLANNED.keys()


@pytest.mark.parametrize("relaxed", [False, True])
def test_a_childs_session_is_as_it_needs_to_be(dsn: str, connection: Connection[Any], relaxed: bool) -> None:
    timeouts = (
        TIMEOUTS
        if connection.info.server_version >= 170000
        else {k: v for k, v in TIMEOUTS.items() if "transaction_t" not in k}
    )
    odd = VALUES | PLANNED | timeouts
    set_all(connection, {name: before for name, (before, _) in odd.items()})
    with connect(dsn) as plain:
        assert current(plain, odd) == {name: before for name, (before, _) in odd.items()}
    with child_pool(dsn, size=1, application_name="test", relaxed=relaxed) as pool, pool.connection() as child:
        assert current(child, odd) == {name: needed for name, (_, needed) in odd.items()}


def test_a_commands_transaction_is_as_it_needs_to_be_and_nothing_outlives_it(
    dsn: str, connection: Connection[Any]
) -> None:
    odd = VALUES | {"default_transaction_isolation": ("serializable", "serializable")}
    set_all(connection, {name: before for name, (before, _) in odd.items()})
    with connect(dsn) as command:
        for _ in range(2):
            with pinned_transaction(command):
                assert current(command, odd) == {name: needed for name, (_, needed) in odd.items()}
                assert current(command, {"transaction_isolation": ""}) == {"transaction_isolation": "read committed"}
            assert current(command, odd) == {name: before for name, (before, _) in odd.items()}
