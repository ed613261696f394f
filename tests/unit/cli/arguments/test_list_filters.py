"""What ``jobs list`` is asked for is looked at before the database is."""

from __future__ import annotations

import pytest

from pooljobs import OptionError
from pooljobs_cli.commands.jobs import list_jobs


@pytest.mark.parametrize("option", ["tag", "queue", "job_type"])
@pytest.mark.parametrize(("said", "told"), [("", "is empty"), ("a\udcff", "is no text in UTF-8")])
def test_a_filter_that_no_job_can_match_is_refused(option: str, said: str, told: str) -> None:
    with pytest.raises(OptionError, match=told):
        list_jobs(**{option: said}, dsn="host=/nowhere")  # type: ignore[arg-type]
