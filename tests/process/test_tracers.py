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
from typing import Any

import pytest
from psycopg import Connection

from tests.support.serving import Serving, counts, enqueue


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


@pytest.mark.skipif(sys.platform != "linux", reason="--preload is for Linux")
def test_what_workers_report_arrives_before_they_leave(dsn: str, connection: Connection[Any], tmp_path: Path) -> None:
    enqueue(connection, "parent", 1, '{"name": "Ada"}')
    options = ("--procs", "2", "--poll-interval", "0.1", "--preload", "--until-empty", "--concurrency", "2")
    spans = tmp_path / "spans"
    with sentry_here() as sentry:
        env = {"SENTRY_AT": sentry.dsn, "SPANS": str(spans)}
        app = "tests.support.traced_app:app"
        with Serving(dsn, tmp_path / "log", *options, app=app, env=env) as serving:
            assert serving.ended() == 0, serving.text
        assert counts(connection) == {"completed": 1, "failed": 1}
        (event,) = sentry.events
    assert event["exception"]["values"][0]["value"] == "no Ada"
    assert event["tags"]["job_type"] == "child"
    made = {span["name"]: span for span in map(json.loads, spans.read_text().splitlines())}
    assert sorted(made) == ["create child", "process child", "process parent"]
    assert made["create child"]["parent_id"] == made["process parent"]["context"]["span_id"]
    (link,) = made["process child"]["links"]
    assert link["context"]["span_id"] == made["create child"]["context"]["span_id"]
    assert made["process child"]["status"]["description"] == "ValueError: no Ada"
    (traced,) = connection.execute("SELECT trace_id FROM pooljobs.jobs WHERE job_type = 'child'").fetchall()
    assert re.fullmatch(rf"00-{link['context']['trace_id'][2:]}-\w{{16}}-01", traced[0])
