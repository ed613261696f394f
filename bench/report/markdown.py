"""The report as Markdown. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.section import Section, Table

Facts = Mapping[str, str]


def render(sections: Sequence[Section], facts: Facts, server: Facts, effort: str, plots: Mapping[str, str]) -> str:
    """The whole report. ``plots`` holds the file of a section's plot by the section's name."""
    opening = [
        "# pooljobs: what was measured",
        "",
        "Ratios count, and not the figures beside them: each was taken in turn with its yardstick, and machines drift",
        "by half within minutes. A median stands before the least and the most of its rounds.",
        "",
        f"- Machine: {_listed(facts)}",
        f"- PostgreSQL: {_listed(server)}",
        f"- Effort: {effort}; server, workers and producers share the machine",
    ]
    parts = ["\n".join(opening), *(_section(one, plots.get(one.name)) for one in sections)]
    return "\n\n".join(parts) + "\n"


def _section(section: Section, plot: str | None) -> str:
    parts = [f"## {section.title}", section.text.strip(), *(_table(table) for table in section.tables)]
    if plot:
        parts.append(f"![{section.title}]({plot})")
    return "\n\n".join(parts)


def _table(table: Table) -> str:
    head = [_line(table.headings), _line(("---", *("---:" for _ in table.headings[1:])))]
    lines = [*head, *(_line(row) for row in table.rows)]
    return "\n".join([*([table.caption, ""] if table.caption else []), *lines])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _listed(facts: Facts) -> str:
    return ", ".join(f"{name} {value}" for name, value in facts.items())
