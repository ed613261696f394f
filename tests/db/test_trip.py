"""How many files of ours a job goes through: whoever follows one reads as many."""

from __future__ import annotations

from typing import Any

from psycopg import Connection

from tests.support.claims import scalar
from tests.support.trip import files_of_a_trip

MOST = 62
"""As many as there are today. It may fall; what makes it grow has to be worth another file for every reader."""


def test_a_job_goes_through_no_more_files_than_it_did(dsn: str, connection: Connection[Any]) -> None:
    files = files_of_a_trip(dsn)
    assert scalar(connection, "SELECT count(*) FROM pooljobs.jobs WHERE status = 'completed'") == 2
    print(*files, f"{len(files)} files", sep="\n")
    assert "worker/pooljobs_worker/settling/flusher.py" in files, "what other threads run is traced too"
    assert len(files) <= MOST, "\n".join([f"{len(files)} files, which were {MOST}:", *files])
