"""What a program that uses pooljobs shows of an error that nobody catches."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import traceback

import pytest

from pooljobs.errors import AppLoadError, OptionError, PoolJobsError

UNCAUGHT = """
from pooljobs import PoolJobs
app = PoolJobs()
@app.job(retry_policy="exponentail")
def send() -> None: ...
"""


def printed_by(source: str) -> str:
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    return done.stderr


def test_the_hint_reaches_whoever_prints_the_error() -> None:
    assert "DeclarationError: there is no retry_policy 'exponentail'\nhint: did you mean" in printed_by(UNCAUGHT)


@pytest.mark.parametrize("error", [OptionError("no", hint="yes"), AppLoadError("no", hint="yes", traceback="x")])
def test_the_hint_is_a_note_that_copies_keep_once(error: PoolJobsError) -> None:
    for each in (error, copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert each.hint == "yes"
        assert "".join(traceback.format_exception_only(each)).count("hint: yes") == 1


def test_without_a_hint_there_is_no_note() -> None:
    assert not hasattr(OptionError("no"), "__notes__")
