from __future__ import annotations

import asyncio
import logging
from uuid import uuid4

import pytest
from examples.emails import Mailer, WelcomeEmail, app, send_welcome_email, thumbnail

from pooljobs import JobContext, PoolJobs


def test_the_example_declares_what_it_says() -> None:
    assert isinstance(app, PoolJobs)
    assert set(app.registry) == {"send_welcome_email", "thumbnail"}
    assert app.state.missing(send_welcome_email.binder.state_types) == ()


def test_the_handlers_run_on_what_a_worker_would_give_them(caplog: pytest.LogCaptureFixture) -> None:
    context = JobContext(uuid4(), "send_welcome_email", "emails", 1, 5)
    payload = {"to": "a@example.com"}
    args, given = send_welcome_email.binder.check(payload)
    kwargs = send_welcome_email.binder.inject(given, lambda: context, app.state)
    mailer = app.state.get(Mailer)
    with caplog.at_level(logging.INFO):
        send_welcome_email.function(*args, **kwargs)
        asyncio.run(thumbnail(path="a/x.png"))
    assert mailer.sent == [("a@example.com", "Welcome")]
    assert caplog.messages == [
        "run 1 of 5",
        "sent 'Welcome' to a@example.com",
        "thumbnail of x.png, 200 pixels wide",
    ]
    app.state.close()
    assert not mailer.is_open


def test_a_handler_can_be_tested_without_any_of_this() -> None:
    mailer = Mailer()
    send_welcome_email(WelcomeEmail("b@example.com", "Hi"), mailer, JobContext(uuid4(), "x", "emails", 1, 5))
    assert mailer.sent == [("b@example.com", "Hi")]
