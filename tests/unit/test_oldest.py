"""The constraints of ``make test-oldest`` are the lower bounds that users are promised."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

FRAMEWORKS = "asyncpg|django>|fastapi|flask|httpx|psycopg2|sqlalchemy"
"""Of what users bring along, and only tests need, the oldest version is promised too."""

ROOT = Path(__file__).parent.parent.parent


def test_the_oldest_constraints_are_the_lower_bounds() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    ours = ("embedded", "pydantic", "reload", "sentry", "otel")
    wanted = [*project["dependencies"], *(line for extra in ours for line in extras[extra])]
    wanted += [line for line in extras["dev"] if re.match(FRAMEWORKS, line)]
    bounds = {re.split(r"[\[>]", line)[0]: line.split(">=")[1] for line in wanted}
    lines = (ROOT / "constraints-oldest.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    assert pins.pop("psycopg-binary") == pins["psycopg"]
    assert pins == bounds
