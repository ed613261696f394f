"""Found by itself."""

from __future__ import annotations

from django.db import connection, transaction

from pooljobs.contrib.django import app


@app.job
def greet(name: str) -> None:
    print("hello", name)


@app.job(secret=["token"], max_attempts=1)
def log_in(user: str, token: str) -> None:
    raise RuntimeError(user)


@app.job
def note_backend(label: str) -> None:
    """Writes down which connection it is on."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO noted VALUES (%s, pg_backend_pid())", [label])


@app.job
async def note_backend_async(label: str) -> None:
    from asgiref.sync import sync_to_async

    await sync_to_async(note_backend)(label)


@app.job(max_attempts=1)
def make_group(name: str) -> None:
    from django.contrib.auth.models import Group

    with transaction.atomic():
        Group.objects.create(name=name or "readers")
        if not name:
            raise ValueError("a group has a name")


@app.job(max_attempts=1)
def make_group_plainly(name: str) -> None:
    from django.contrib.auth.models import Group

    Group.objects.create(name=name)


@app.job
async def make_group_async(name: str) -> None:
    from django.contrib.auth.models import Group

    await Group.objects.acreate(name=name)
