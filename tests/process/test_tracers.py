"""Both tracers in forked workers: their threads begin after the fork, and what they hold is sent before the end."""

from __future__ import annotations

import gzip
import json
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from examples import otel_spans, sentry_errors
from psycopg import Connection

from tests.support.serving import Serving, counts

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="--preload is for Linux")


class Sentry(ThreadingHTTPServer):
    """Takes envelopes as Sentry does, and keeps them."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Taking)
        self.envelopes: list[bytes] = []

    @property
    def dsn(self) -> str:
        return f"http://key@127.0.0.1:{self.server_port}/1"

    @property
    def events(self) -> list[dict[str, Any]]:
        """The errors in them: each after a line that says so."""
        lines = [line for envelope in self.envelopes for line in envelope.splitlines()]
        return [json.loads(event) for head, event in pairwise(lines) if b'"type":"event"' in head]


class _Taking(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert isinstance(self.server, Sentry)
        self.server.envelopes.append(gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # its name there
        """Says nothing."""


@contextmanager
def sentry_here() -> Iterator[Sentry]:
    with Sentry() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


OPTIONS = ("--procs", "2", "--poll-interval", "0.1", "--until-empty", "--concurrency", "2", "--preload")


def served(dsn: str, log: Path, example: ModuleType, **env: str) -> str:
    """What its workers say."""
    with Serving(dsn, log, *OPTIONS, app=f"{example.__name__}:app", env=env) as serving:
        assert serving.ended() == 0, serving.text
        return serving.text


@pytest.fixture(autouse=True)
def database(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", dsn)


def test_sentry_is_told_once_of_a_job_that_has_failed_for_good(
    dsn: str, connection: Connection[Any], tmp_path: Path
) -> None:
    sentry_errors.main()
    with sentry_here() as sentry:
        served(dsn, tmp_path / "log", sentry_errors, SENTRY_DSN=sentry.dsn)
    assert counts(connection) == {"failed": 1}
    (event,) = sentry.events
    assert event["exception"]["values"][0]["value"] == "no answer for card ***"
    assert {"job_type": "charge", "attempt": "2", "bank": "first"}.items() <= event["tags"].items()


def test_spans_go_on_from_one_job_to_the_next(dsn: str, connection: Connection[Any], tmp_path: Path) -> None:
    otel_spans.main()
    said = served(dsn, tmp_path / "log", otel_spans)
    assert counts(connection) == {"completed": 1, "failed": 1}
    spans = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    made = {span["name"]: span for span in spans}
    assert sorted(made) == ["create welcome", "process sign_up", "process welcome"]
    assert made["create welcome"]["parent_id"] == made["process sign_up"]["context"]["span_id"]
    (link,) = made["process welcome"]["links"]
    assert link["context"]["span_id"] == made["create welcome"]["context"]["span_id"]
    assert made["process welcome"]["status"]["description"] == "ConnectionError: no mail server for ***"
    (traced,) = connection.execute("SELECT trace_id FROM pooljobs.jobs WHERE job_type = 'welcome'").fetchall()
    assert re.fullmatch(rf"00-{link['context']['trace_id'][2:]}-\w{{16}}-01", traced[0])
