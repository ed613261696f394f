"""No source reads the wall clock: times in a row are the database's, deadlines in a process are monotonic."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
ROOTS = ("shared", "worker", "supervisor")

READS = {
    "time": {"time", "time_ns", "localtime", "gmtime", "ctime", "strftime", "asctime"},
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
}
"""What reads it, by the name before the dot. ``strftime`` and the like read it when they are given no time."""
CLOCKS = {"CLOCK_REALTIME", "CLOCK_REALTIME_COARSE", "CLOCK_TAI"}

ALLOWED = {
    ("shared/pooljobs/logs/text.py", "time.strftime"): "formats a log record's own time",
    ("shared/pooljobs/logs/text.py", "time.localtime"): "formats a log record's own time",
}


def reads(source: str) -> Iterator[tuple[int, str]]:
    """Lines that read the wall clock, and by what name; imports of such names count too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            owner = ast.unparse(node.value).rpartition(".")[2]
            if node.attr in READS.get(owner, ()) or node.attr in CLOCKS:
                yield node.lineno, f"{owner}.{node.attr}"
        elif isinstance(node, ast.ImportFrom) and node.module in READS:
            for name in node.names:
                if node.module == "time" and name.name in READS["time"] | CLOCKS:
                    yield node.lineno, f"time.{name.name}"
        elif isinstance(node, ast.alias) and node.asname and node.name in {"time", "datetime", "datetime.datetime"}:
            yield getattr(node, "lineno", 0), f"{node.name} under another name"


@pytest.mark.hazard("A host's clock is wrong")
def test_no_source_reads_the_wall_clock() -> None:
    found = {
        (str(path.relative_to(ROOT)), name): line
        for root in ROOTS
        for path in sorted((ROOT / root).rglob("*.py"))
        for line, name in reads(path.read_text())
    }
    assert found.keys() == ALLOWED.keys(), {place: line for place, line in found.items() if place not in ALLOWED}


@pytest.mark.parametrize(
    "source",
    [
        "import time\ntime.time()",
        "import time\nclock = time.time_ns",
        "from time import time",
        "from time import time as now",
        "import time as clock\nclock.time()",
        "import datetime\ndatetime.datetime.now()",
        "from datetime import datetime\ndatetime.now(UTC)",
        "from datetime import datetime as moment\nmoment.utcnow()",
        "from datetime import date\ndate.today()",
        "import time\ntime.clock_gettime(time.CLOCK_REALTIME)",
    ],
)
def test_what_reads_it_is_found(source: str) -> None:
    assert list(reads(source))


@pytest.mark.parametrize(
    "source",
    [
        "import time\ntime.monotonic()",
        "from time import monotonic_ns",
        "from datetime import datetime, timedelta\ndatetime.fromisoformat(text)",
        "job.time\nself.now()",
    ],
)
def test_other_times_are_not(source: str) -> None:
    assert not list(reads(source))
