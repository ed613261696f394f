"""What ``@app.job`` says of a schedule, and what is refused at the import."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from pooljobs import DeclarationError, JobContext, OptionError, PoolJobs
from pooljobs.application.readiness import check_ready
from pooljobs.job.schedule_rule import Schedule


def declared(**given: Any) -> Schedule | None:
    return PoolJobs().job(name="report", **given)(lambda: None).schedule


def test_a_job_without_a_schedule_has_none() -> None:
    assert declared() is None


def test_a_declaration_is_a_schedule() -> None:
    assert declared(cron="0 3 * * *", tz="Europe/Berlin") == Schedule("0 3 * * *", every=None, tz="Europe/Berlin")
    assert declared(every=timedelta(minutes=5), jitter=10, catch_up="none", overlap="allow") == Schedule(
        None, every=timedelta(minutes=5), tz="UTC", jitter=10, catch_up="none", overlap="allow"
    )


@pytest.mark.parametrize(
    ("given", "told", "cure"),
    [
        ({"cron": "0 25 * * *"}, "report: cron: '25' is no hour", "0 to 23"),
        ({"cron": "0 0 30 2 *"}, "report: cron: '30' is no day-of-month", "their month"),
        ({"cron": "@daily", "tz": "Mars"}, "report: tz: there is no time zone 'Mars'", "IANA"),
        ({"cron": "@daily", "every": 3}, "report: a schedule has cron or every", "every=300"),
        ({"tz": "Europe/Berlin"}, "report: tz is of a schedule, and there is none", "every=300 too"),
        ({"cron_payload": {}}, "report: cron_payload is of a schedule, and there is none", "every=300 too"),
        ({"every": 60, "overlap": "queue"}, "report: overlap: there is no 'queue'", "skip, allow"),
    ],
)
def test_what_is_wrong_is_told_at_the_import_with_field_and_cure(given: dict[str, Any], told: str, cure: str) -> None:
    with pytest.raises(DeclarationError) as refused:
        declared(**given)
    assert str(refused.value).startswith(told)
    assert cure in str(refused.value.hint)


def test_a_name_leaves_room_for_the_tick() -> None:
    with pytest.raises(DeclarationError, match="at most 150 characters"):
        PoolJobs().job(name="n" * 151, cron="@daily")(lambda: None)
    PoolJobs().job(name="n" * 151)(lambda: None)


def test_a_handler_that_takes_nothing_or_has_defaults_needs_no_payload() -> None:
    app = PoolJobs()

    @app.job(cron="@daily")
    def report(ctx: JobContext, full: bool = False) -> None: ...

    check_ready(app)
    assert report.scheduled_payload() == b"{}"


def test_an_application_has_a_name() -> None:
    assert (PoolJobs().name, PoolJobs(name="shop").name) == ("default", "shop")
    with pytest.raises(OptionError, match="name must be"):
        PoolJobs(name="")
