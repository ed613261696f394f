"""What must hold of any input: it is taken, and then means one thing; or it is refused by the error that says so."""

from __future__ import annotations

import json
import math
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from pooljobs.application.loading import load_app
from pooljobs.db.connect import with_timeouts
from pooljobs.db.dsn import describe, resolve
from pooljobs.embedded.pidfile import parse
from pooljobs.errors import AppLoadError, DeclarationError, OptionError, PayloadError
from pooljobs.job.options import EnqueueOptions
from pooljobs.job.retry import RetryPolicy
from pooljobs.job.time_limit import TimeLimit
from pooljobs.payload.encoding import decode, encode
from pooljobs.settings import ServeSettings, WorkerSettings
from pooljobs.signature.binder import compile_binder
from pooljobs.signature.inspection import read_signature
from pooljobs_cli.arguments.queue_shares import shares
from tests.fuzz.inputs import BYTES, DSNS, JSON, PASSWORD, SCALARS, SPECS, TEXTS
from tests.support.annotated.all_kinds import ALL
from tests.support.annotated.annotation import Annotation


@dataclass(frozen=True)
class Property:
    """A check, and what it is given."""

    check: Callable[..., None]
    inputs: tuple[st.SearchStrategy[Any], ...]


def any_payload(annotation: Annotation, value: object, whole: bool) -> None:
    """Is refused, or arrives as what was encoded."""

    def handler(x: Any) -> None: ...

    handler.__annotations__ = {"x": annotation.hint}
    try:
        binder = compile_binder("send", read_signature(handler, "send", tolerant=False))
    except DeclarationError:
        return
    payload = value if whole else {"x": value}
    with suppress(PayloadError):
        binder.check(payload)
    try:
        encoded = binder.encoded(payload)
    except PayloadError:
        return
    binder.check(decode(encoded))


def any_json(text: str | bytes) -> None:
    """Is refused, or means the same after it was encoded and decoded again."""
    try:
        value = decode(text)
        encoded = encode(value)
    except PayloadError:
        return
    again = decode(encoded)
    assert repr(again) == repr(value)
    assert encode(again) == encoded


def any_dsn(text: str) -> None:
    """Is refused without a word of it, or can be connected with and told of, never with its password."""
    try:
        dsn = resolve(text, {}).dsn
    except OptionError as error:
        message = "".join(traceback.format_exception_only(error))
        if PASSWORD in f"{message} {error.hint} {error.__cause__}":
            raise AssertionError("the password is told") from error
        return
    if dsn is None:
        return
    parts = conninfo_to_dict(dsn)
    assert resolve(dsn, {}).dsn == dsn
    assert conninfo_to_dict(with_timeouts(dsn)).items() >= parts.items()
    if parts.get("password") == PASSWORD:
        told = [str(parts.get(name)) for name in ("dbname", "user", "host", "hostaddr", "service", "port")]
        assert PASSWORD in "".join(told) or PASSWORD not in describe(dsn)


def any_queues(text: str) -> None:
    """Are refused, or are names with weights, which written out mean the same again."""
    try:
        found = shares(text)
    except OptionError:
        return
    assert shares(",".join(f"{name}:{weight}" for name, weight in found.items())) == found


def any_settings(values: Mapping[str, object]) -> None:
    """Are refused, or are in their range: no number that is none."""
    try:
        worker = WorkerSettings(**values)  # type: ignore[arg-type]  # anything at all
        ServeSettings(dsn="", worker=worker, app="a:b")
    except OptionError:
        return
    assert all(math.isfinite(value) for value in values.values() if isinstance(value, float))


def any_options(values: dict[str, object]) -> None:
    """Of an enqueue or a declaration are refused, or are of use."""
    with suppress(OptionError):
        assert math.isfinite(EnqueueOptions.named(values).delay_secs)  # type: ignore[arg-type]
    for value in values.values():
        with suppress(DeclarationError):
            assert 0 <= RetryPolicy(delay_secs=value).delay_secs < math.inf  # type: ignore[arg-type]
        with suppress(DeclarationError):
            limit = TimeLimit.of(value)  # type: ignore[arg-type]
            assert limit is None or limit.soft_ns >= 0


def any_application(spec: str) -> None:
    """Is told as what cannot be loaded."""
    with suppress(AppLoadError):
        load_app(spec)


def any_pid_file(text: str) -> None:
    """Names a pid or none, whoever wrote it."""
    found = parse(text)
    assert found is None or found.pid >= 0


NUMBERS = st.dictionaries(
    st.sampled_from(["poll_interval", "batch_size", "job_timeout", "concurrency", "max_crashes", "time_limit"]),
    st.integers() | st.floats(),
)
OPTIONS = st.dictionaries(st.sampled_from(["delay", "run_at", "priority", "queue", "max_retries", "x"]), SCALARS)

PROPERTIES: Mapping[str, Property] = {
    "payload": Property(any_payload, (ALL, JSON, st.booleans())),
    "json": Property(any_json, (TEXTS | BYTES | JSON.map(json.dumps),)),
    "dsn": Property(any_dsn, (DSNS,)),
    "queues": Property(any_queues, (TEXTS | st.text(alphabet="ab:,1 9-é\t0٣", max_size=20),)),
    "settings": Property(any_settings, (NUMBERS,)),
    "options": Property(any_options, (OPTIONS,)),
    "application": Property(any_application, (SPECS,)),
    "pid file": Property(any_pid_file, (TEXTS | st.text(alphabet="0123456789-+_ \n²٣", max_size=30),)),
}
