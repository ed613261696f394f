"""Query plans as workers get them: generic, with the planner pinned. What they go by, and what they read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import Connection, sql

_PLACEHOLDER = re.compile(rb"%\((\w+)\)s")


@dataclass(frozen=True)
class Scan:
    """One scan of a table."""

    table: str
    kind: str
    index: str | None
    rows: int
    """All that it gave or dropped, over all its loops; 0 in a plan that was not executed."""


@dataclass(frozen=True)
class Plan:
    """One statement's plan."""

    scans: list[Scan]
    blocks: int
    """Pages that were asked for, in memory or not, each time counted; 0 if it was not executed."""

    def of(self, *tables: str) -> set[tuple[str, str | None]]:
        """How tables were read: table and index, ``ctid`` for rows read where they lie, None for a scan of it all."""
        return {(scan.table, scan.index) for scan in self.scans if scan.table in tables}

    def rows(self, *tables: str) -> int:
        """How many of their rows were looked at."""
        return sum(scan.rows for scan in self.scans if scan.table in tables)


def explain(
    connection: Connection[Any], statement: bytes, parameters: Mapping[str, object], *, execute: bool = True
) -> Plan:
    """The generic plan of a statement; executed, and rolled back, unless told otherwise.

    Prepared by hand: EXPLAIN of a statement with parameters would plan for their values.
    """
    names = list(dict.fromkeys(name.decode() for name in _PLACEHOLDER.findall(statement)))
    numbered = _PLACEHOLDER.sub(lambda match: b"$%d" % (names.index(match[1].decode()) + 1), statement)
    values = sql.SQL(", ").join(sql.Literal(parameters[name]) for name in names)
    options = "ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON" if execute else "FORMAT JSON"
    call = sql.SQL("EXECUTE explained ({})").format(values) if names else sql.SQL("EXECUTE explained")
    with connection.transaction(force_rollback=True):
        connection.execute(b"PREPARE explained AS " + numbered.replace(b"%%", b"%"))
        try:
            row = connection.execute(sql.SQL(f"EXPLAIN ({options}) ") + call).fetchone()
        finally:
            connection.execute("DEALLOCATE explained")
    assert row is not None
    root = row[0][0]["Plan"]
    scans = [_scan(node) for node in _walk(root) if "Relation Name" in node and "Scan" in node["Node Type"]]
    return Plan(scans, root.get("Shared Hit Blocks", 0) + root.get("Shared Read Blocks", 0))


def _walk(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _walk(child)


def _scan(node: dict[str, Any]) -> Scan:
    dropped = sum(node.get(reason, 0) for reason in ("Rows Removed by Filter", "Rows Removed by Index Recheck"))
    rows = round((node.get("Actual Rows", 0) + dropped) * node.get("Actual Loops", 0))
    index = "ctid" if node["Node Type"] == "Tid Scan" else node.get("Index Name")
    return Scan(node["Relation Name"], node["Node Type"], index, rows)
