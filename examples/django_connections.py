"""Django's connections, which must not be used for longer than they live: looked at before and after each run.

Run a worker:    pooljobs serve --app examples.django_connections:app
Enqueue one:     python -m examples.django_connections
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import django
from django.conf import settings
from django.db import close_old_connections, connection
from psycopg.conninfo import conninfo_to_dict

from pooljobs import PoolJobs

if not settings.configured:  # a project's DJANGO_SETTINGS_MODULE says it, and its manage.py calls django.setup()
    at = conninfo_to_dict(os.environ["DATABASE_URL"])
    names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    database = {name: at.get(key) or "" for name, key in names.items()}
    settings.configure(DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", **database}})
    django.setup()

app = PoolJobs()


@app.around
def fresh_connections() -> Iterator[None]:
    close_old_connections()
    try:
        yield
    finally:
        close_old_connections()  # at CONN_MAX_AGE = 0, Django's default, each run has a connection of its own


@app.job
def count_visit(page: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO visits (page, backend) VALUES (%s, pg_backend_pid())", (page,))


if __name__ == "__main__":
    with app:
        count_visit.enqueue("/")
