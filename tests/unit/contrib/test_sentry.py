"""Reports of real runs, by the real SDK, collected where they would be sent."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import pytest
import sentry_sdk
from sentry_sdk.envelope import Envelope
from sentry_sdk.integrations.dedupe import DedupeIntegration
from sentry_sdk.integrations.logging import LoggingIntegration, ignore_logger
from sentry_sdk.integrations.threading import ThreadingIntegration
from sentry_sdk.scope import Scope
from sentry_sdk.transport import Transport

from pooljobs import JobContext, PoolJobs, State
from pooljobs.contrib import sentry
from pooljobs.contrib.sentry.run_scopes import MOST_KEPT, RunScopes
from pooljobs.contrib.traceparent import TraceParent
from pooljobs.errors import OptionError
from pooljobs.job.verdict import Verdict
from tests.unit.contrib.jobs import an_app
from tests.unit.worker.dispatching import LOG, dispatching

CARD = "4111-1111"
KINDS = pytest.mark.parametrize(
    ("job_type", "mode"),
    [("plain", {}), ("awaits", {}), ("awaits", {"tasks": True}), ("awaits", {"background": True}), ("hidden", {})],
    ids=str,
)


class Collecting(Transport):
    """Keeps what it is given."""

    envelopes: ClassVar[list[Envelope]] = []
    flushed: ClassVar[list[float]] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        self.envelopes.append(envelope)

    def flush(self, timeout: float, callback: object = None) -> None:  # noqa: ARG002  # as it is called
        self.flushed.append(timeout)


def events(kind: str = "event") -> list[Any]:
    items = [item for envelope in Collecting.envelopes for item in envelope.items if item.type == kind]
    return [item.payload.json for item in items]


@pytest.fixture(autouse=True)
def begin() -> Iterator[Callable[..., None]]:
    """The SDK, without the integrations that change the process for good; begun anew with other options if need be."""

    def start(**options: Any) -> None:
        sentry_sdk.init(
            dsn="https://key@localhost/1",
            transport=Collecting,
            default_integrations=False,
            integrations=[LoggingIntegration(), DedupeIntegration()],
            **options,
        )

    Collecting.envelopes.clear()
    ignore_logger(LOG.name)  # stands for the worker's, here
    start()
    yield start
    Scope.get_global_scope().set_client(None)


def run(app: PoolJobs, job_type: str, raises: str | None = None, *, attempts: int = 0, **mode: Any) -> Verdict:
    with dispatching(app, **mode) as here:
        job = here.claimed(job_type, {"raises": raises})
        job.attempts = attempts
        return here.run(job, 1).verdict


def tags_of(event: Any) -> dict[str, str]:
    return dict(event["tags"])


@KINDS
def test_a_final_error_is_reported_once_with_what_its_run_left(job_type: str, mode: dict[str, Any]) -> None:
    def inside() -> None:
        sentry_sdk.set_tag("customer", "acme")
        logging.getLogger("shop").warning("low on stock")

    app = an_app(inside)
    sentry.install(app)
    assert run(app, job_type, "error", attempts=2, **mode) is Verdict.FAILED
    (event,) = events()
    (value,) = event["exception"]["values"]
    assert (value["type"], value["value"]) == ("ValueError", "no")
    assert value["mechanism"] == {"type": "pooljobs", "handled": False}
    assert tags_of(event) == {
        "job_id": "00000000-0000-0000-0000-000000000065",
        "job_type": job_type,
        "queue": "default",
        "attempt": "3",
        "customer": "acme",
    }
    assert event["transaction"] == job_type
    assert [crumb["message"] for crumb in event["breadcrumbs"]["values"]] == ["low on stock"]
    assert event["contexts"]["job"]["max_retries"] == 3


@KINDS
def test_what_a_handler_has_reported_itself_is_not_reported_again(job_type: str, mode: dict[str, Any]) -> None:
    def inside() -> None:
        error = ValueError("no")
        sentry_sdk.capture_exception(error)
        raise error

    app = an_app(inside)
    sentry.install(app)
    assert run(app, job_type, attempts=2, **mode) is Verdict.FAILED
    assert len(events()) == 1


@KINDS
def test_a_scope_ends_with_its_run(job_type: str, mode: dict[str, Any]) -> None:
    app = an_app(lambda: sentry_sdk.set_tag("customer", "acme"))
    sentry.install(app)
    assert run(app, job_type, **mode) is Verdict.COMPLETED
    sentry_sdk.capture_message("afterwards")
    assert [(event["message"], event.get("tags", {})) for event in events()] == [("afterwards", {})]


def test_runs_beside_each_other_have_a_scope_each() -> None:
    both, tagged = threading.Barrier(2), iter(("acme", "bolt"))

    def inside() -> None:
        sentry_sdk.set_tag("customer", mine := next(tagged))
        both.wait(30)
        sentry_sdk.capture_message(mine)

    app = an_app(inside)
    sentry.install(app)
    with dispatching(app) as here:
        contexts = [here.dispatcher.fresh_context() for _ in range(2)]
        jobs = [here.claimed("plain") for _ in range(2)]
        pairs = zip(contexts, jobs, strict=True)
        threads = [threading.Thread(target=c.run, args=(here.dispatcher.dispatch, job, 1)) for c, job in pairs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    seen = [(event["message"], tags_of(event)["customer"]) for event in events()]
    assert sorted(seen) == [("acme", "acme"), ("bolt", "bolt")]
    assert len({tags_of(event)["job_id"] for event in events()}) == 2


@pytest.mark.parametrize(
    ("errors", "raises", "attempts", "reported"),
    [
        ("final", "error", 0, False),
        ("final", "error", 2, True),
        ("every", "error", 0, True),
        ("every", "error", 2, True),
        ("every", "retry", 0, False),
        ("every", "retry", 2, True),
        ("final", "fail", 0, True),
        ("every", "snooze", 0, False),
        ("every", "discard", 0, False),
        ("every", "lookup", 0, False),
        ("every", None, 0, False),
    ],
)
@pytest.mark.parametrize("job_type", ["plain", "awaits"])
def test_failures_are_reported_when_they_are_final_and_decisions_are_none(
    job_type: str, errors: sentry.Errors, raises: str | None, attempts: int, *, reported: bool
) -> None:
    app = an_app()
    sentry.install(app, errors=errors)
    run(app, job_type, raises, attempts=attempts)
    assert len(events()) == reported


def frames_with_variables(event: Any) -> list[Any]:
    trails = [value["stacktrace"]["frames"] for value in event["exception"]["values"]]
    return [frame["vars"] for frames in trails for frame in frames if "vars" in frame]


def test_what_a_handler_was_given_is_reported_only_if_asked_for() -> None:
    for payload in (False, True):
        app = an_app()
        sentry.install(app, payload=payload)
        run(app, "plain", "error", attempts=2)
    without, asked = events()
    assert frames_with_variables(without) == []
    assert {"raises": "'error'"}.items() <= frames_with_variables(asked)[-1].items()


@pytest.mark.parametrize("payload", [False, True])
def test_values_of_secret_parameters_are_reported_nowhere(begin: Callable[..., None], *, payload: bool) -> None:
    begin(traces_sample_rate=1.0)
    app = an_app()

    @app.around
    def inner() -> Iterator[None]:
        try:
            yield
        finally:
            sentry_sdk.set_extra("seen", {"card": {CARD}, "of": [repr(CARD), 41111111]})
            sentry_sdk.set_tag("card", CARD)
            with sentry_sdk.start_span(op="http", name=f"GET /{CARD}"):
                sentry_sdk.capture_message(f"card {CARD}")

    sentry.install(app, payload=payload)
    app.hooks.around.reverse()  # so that it is inside
    with dispatching(app) as here:
        job = here.claimed("charge", {"card": CARD, "amount": 5})
        job.attempts = 2
        assert here.run(job, 1).verdict is Verdict.FAILED
    assert len(events()) == 2
    assert len(events("transaction")) == 1
    sent = b"".join(envelope.serialize() for envelope in Collecting.envelopes).decode()
    assert "*** is refused, not 5" in sent
    assert "charging ***" in sent
    assert "GET /***" in sent
    assert CARD not in sent


def test_what_a_thread_of_the_handler_reports_has_no_secrets_either() -> None:
    sentry_sdk.init(
        dsn="https://key@localhost/1",
        transport=Collecting,
        default_integrations=False,
        integrations=[ThreadingIntegration(propagate_scope=True)],
    )
    app = PoolJobs()

    @app.job(secret=["card"])
    def charge(card: str) -> None:
        thread = threading.Thread(target=sentry_sdk.capture_message, args=(f"card {card}",))
        thread.start()
        thread.join()

    sentry.install(app)
    with dispatching(app) as here:
        here.run(here.claimed("charge", {"card": CARD}), 1)
    assert [event["message"] for event in events()] == ["card ***"]


class Mailer:
    """What a handler asks for."""


def test_what_cannot_be_injected_is_reported_with_the_job() -> None:
    app = PoolJobs()

    def make() -> Mailer:
        raise ConnectionError("no mail server")

    app.provide(Mailer, make)

    @app.job(retry_policy="none")
    def send(mailer: State[Mailer]) -> None: ...

    sentry.install(app)
    with dispatching(app) as here:
        assert here.run(here.claimed("send"), 1).verdict is Verdict.FAILED
    assert [tags_of(event)["job_type"] for event in events()] == ["send"]


@KINDS
def test_a_trace_goes_on_from_the_enqueue(begin: Callable[..., None], job_type: str, mode: dict[str, Any]) -> None:
    begin(traces_sample_rate=1.0)
    children: list[str | None] = []
    app: PoolJobs = an_app(lambda: children.append(app.registry["plain"].prepare({}).trace_id))
    sentry.install(app)
    with sentry_sdk.start_transaction(op="http.server", name="request") as request:
        trace_id = app.registry[job_type].prepare({}).trace_id
    assert TraceParent.of(trace_id) == (request.trace_id, request.span_id, True)
    with dispatching(app, **mode) as here:
        job = here.claimed(job_type, {"raises": "error"})
        job.trace_id, job.attempts = trace_id, 2
        here.run(job, 1)
    _, ran = events("transaction")
    trace = ran["contexts"]["trace"]
    assert (ran["transaction"], trace["op"], trace["status"]) == (job_type, "queue.process", "internal_error")
    assert (trace["trace_id"], trace["parent_span_id"]) == (request.trace_id, request.span_id)
    assert children == [f"00-{request.trace_id}-{trace['span_id']}-01"]
    (event,) = events()
    assert event["contexts"]["trace"]["trace_id"] == request.trace_id
    assert event["contexts"]["trace"]["span_id"] == trace["span_id"]


@pytest.mark.parametrize(
    ("raises", "status"), [(None, "ok"), ("snooze", "ok"), ("retry", "ok"), ("error", "internal_error")]
)
def test_a_decision_is_no_error_of_its_transaction(begin: Callable[..., None], raises: str | None, status: str) -> None:
    begin(traces_sample_rate=1.0)
    app = an_app()
    sentry.install(app)
    run(app, "plain", raises)
    assert [each["contexts"]["trace"]["status"] for each in events("transaction")] == [status]


def test_without_tracing_trace_ids_stay_as_they_are_and_errors_have_the_trace_all_the_same() -> None:
    app = an_app()
    sentry.install(app)
    assert app.registry["plain"].prepare({}).trace_id is None
    parent = TraceParent("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", sampled=True)
    with dispatching(app) as here:
        job = here.claimed("plain", {"raises": "error"})
        job.trace_id, job.attempts = str(parent), 2
        here.run(job, 1)
    assert events("transaction") == []
    assert events()[0]["contexts"]["trace"]["trace_id"] == parent.trace


def test_what_is_kept_of_runs_that_nobody_reports_is_bounded() -> None:
    app = an_app()
    scopes = RunScopes(app, every=False, payload=False, options={})
    app.around(scopes.around)
    with dispatching(app) as here:
        for _ in range(MOST_KEPT + 5):
            here.run(here.claimed("plain", {"raises": "snooze"}), 1)
    assert len(scopes._kept) == MOST_KEPT


def test_a_run_that_never_began_is_not_reported_as_the_one_before_it() -> None:
    app = an_app(lambda: sentry_sdk.set_tag("customer", "acme"))
    sentry.install(app)
    with dispatching(app) as here:
        job = here.claimed("plain", {"raises": "snooze"})
        here.run(job, 1)
        context = JobContext(job.id, "plain", "default", 3, 3)
        app.hooks.on_failure[0](context, ValueError("no"), True)  # noqa: FBT003  # as a worker calls it
    assert "customer" not in tags_of(events()[0])


def test_where_the_sdk_is_not_begun_jobs_run_as_ever() -> None:
    Scope.get_global_scope().set_client(None)
    app = an_app()
    sentry.install(app)
    assert run(app, "plain", "error", attempts=2) is Verdict.FAILED
    assert run(app, "plain") is Verdict.COMPLETED


def test_the_sdk_is_begun_in_the_worker_with_the_options_that_are_given() -> None:
    app = an_app()
    sentry.install(app, dsn="https://key@localhost/2", transport=Collecting, default_integrations=False)
    assert sentry_sdk.get_client().dsn == "https://key@localhost/1"
    for hook in app.hooks.on_worker_start:
        hook()
    assert sentry_sdk.get_client().dsn == "https://key@localhost/2"


def test_what_is_left_is_sent_before_the_worker_leaves(begin: Callable[..., None]) -> None:
    begin(shutdown_timeout=7)
    Collecting.flushed.clear()
    app = an_app()
    sentry.install(app)
    for hook in app.hooks.on_worker_stop:
        hook()
    assert Collecting.flushed == [7]


def test_other_options_are_refused() -> None:
    with pytest.raises(OptionError, match="errors must be one of final, every, not 'all'"):
        sentry.install(PoolJobs(), errors="all")  # type: ignore[arg-type]
