"""Without its library each says which extra to install; without either nothing is imported."""

from __future__ import annotations

import subprocess
import sys

import pytest

BLOCKED = """
import sys
sys.modules[{library!r}] = None
from pooljobs import PoolJobs
from pooljobs.contrib import {module}
try:
    {module}.install(PoolJobs())
except ImportError as error:
    print(type(error).__name__, error, *error.__notes__, sep=" | ")
"""


@pytest.mark.parametrize(
    ("module", "library", "named"),
    [("sentry", "sentry_sdk", "sentry-sdk"), ("otel", "opentelemetry", "opentelemetry-sdk")],
)
def test_the_error_names_the_extra(module: str, library: str, named: str) -> None:
    code = BLOCKED.format(module=module, library=library)
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said == (
        f"MissingExtraError | pooljobs.contrib.{module} needs {named}, which is not installed"
        f" | hint: pip install 'pooljobs[{module}]'\n"
    )


def test_nothing_of_it_is_imported_unasked() -> None:
    code = (
        "import sys; from pooljobs import PoolJobs; import pooljobs_worker.main; PoolJobs()\n"
        "print([name for name in sys.modules if name.startswith(('sentry_sdk', 'opentelemetry', 'pooljobs.contrib'))])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said == "[]\n"
