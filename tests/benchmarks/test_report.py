"""What the report makes of given figures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bench.__main__ import write
from bench.cases import drain, limit
from bench.drains import Round
from bench.effort import QUICK
from bench.pgbench import script
from bench.report import as_json, markdown, peers, plots
from bench.section import Panel, Section, Table

SERVER = {"server_version": "18.6", "fsync": "on"}
TABLE = Table(("", "jobs/s"), (("a|b", "1,000"),), "A caption.")
PANEL = Panel("speed", "jobs/s", ("one", "two"), {"fleet": (1.0, 2.0), "limit": (3.0, 4.0)})
SECTION = Section("speed", "Speed", "What it is.", (TABLE,), (PANEL,), {"rounds": [1.5]})


def rate(jobs_per_second: float) -> Round:
    return Round(jobs_per_second, 10.0, 20.0, 626.0, 0.1)


def test_markdown_states_machine_server_and_effort_and_escapes_cells() -> None:
    text = markdown.render([SECTION], {"kernel": "Linux 6"}, SERVER, "quick", {"speed": "speed.png"})
    assert "- Machine: kernel Linux 6" in text
    assert "- PostgreSQL: server_version 18.6, fsync on" in text
    assert "- Effort: quick" in text
    assert "A caption.\n\n|  | jobs/s |\n| --- | ---: |\n| a\\|b | 1,000 |\n\n![Speed](speed.png)" in text


def test_json_holds_every_figure_under_its_section() -> None:
    read = json.loads(as_json.render([SECTION], {"kernel": "Linux 6"}, SERVER, "quick"))
    assert read["speed"] == {"rounds": [1.5]}
    assert read["postgresql"]["fsync"] == "on"


def test_a_picture_is_drawn_of_upright_and_of_lying_bars(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="comes with the extra bench")
    long = Panel("growth", "ratio", ("a case with a long name", "b"), {"x": (1.0, 0.9)}, wanted=1.0)
    plots.draw(Section("s", "S", "", panels=(PANEL, long)), tmp_path / "s.png")
    assert (tmp_path / "s.png").read_bytes().startswith(b"\x89PNG")


def test_all_is_written_and_the_peers_report_is_taken_in_where_it_is(tmp_path: Path) -> None:
    assert peers.section(tmp_path) is None
    (tmp_path / "peers.json").write_text('{"huey": 1}')
    (tmp_path / "peers.md").write_text("# Peers\n\n| huey | 1 |\n")
    write([SECTION], SERVER, QUICK, tmp_path)
    text = (tmp_path / "report.md").read_text()
    assert text.index("## Speed") < text.index("## Peers") < text.index("| huey | 1 |")
    assert json.loads((tmp_path / "report.json").read_text())["peers"] == {"huey": 1}
    assert (tmp_path / "speed.png").exists() == plots.can_draw()


def test_a_ratio_is_taken_pair_by_pair() -> None:
    setting = drain.Setting("processes", "2")
    section = drain.section([setting], {setting: [(rate(10.0), rate(20.0)), (rate(30.0), rate(30.0))]})
    ((name, fleet, bare, ratio, *_),) = section.tables[0].rows
    assert (name, fleet, bare, ratio) == ("processes 2", "20", "25", "0.75 (0.50 to 1.00)")


def test_the_limit_tells_of_both_yardsticks() -> None:
    section = limit.section({500: [(rate(100.0), rate(80.0))]})
    assert section.tables[0].rows[0][:4] == ("500", "100", "80", "0.80 (0.80 to 0.80)")


def test_a_setting_that_stands_on_two_axes_is_measured_once() -> None:
    chosen = drain.settings(QUICK)
    assert len({setting.identity for setting in chosen}) < len(chosen)
    assert "adaptive" in {setting.name for setting in chosen}


def test_the_limit_runs_the_statements_that_workers_run() -> None:
    text = script()
    assert "FOR UPDATE SKIP LOCKED" in text
    assert "INSERT INTO" in text.partition(r"\gset")[2]
    assert "%(" not in text
