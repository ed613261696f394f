from __future__ import annotations

from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict

from pooljobs.db.dsn import describe, resolve
from pooljobs.db.dsn_forms import normalized
from pooljobs.errors import OptionError

SHOP = {"user": "u", "password": "pw", "host": "h", "port": "5432", "dbname": "shop"}
DRIVERS = ("psycopg", "psycopg2", "asyncpg", "pg8000", "psycopg_async")
URL = "postgresql://u:pw@h:5432/shop"


@pytest.mark.parametrize(
    "text",
    [
        URL,
        "postgres://u:pw@h:5432/shop",
        "POSTGRESQL://u:pw@h:5432/shop",
        *(f"postgresql+{driver}://u:pw@h:5432/shop" for driver in DRIVERS),
        "postgres+asyncpg://u:pw@h:5432/shop",
        "postgis://u:pw@h:5432/shop",
        "pgsql://u:pw@h:5432/shop",
        "jdbc:postgresql://h:5432/shop?user=u&password=pw",
        f'"{URL}"',
        f"'{URL}'",
        f"  {URL}\n",
        f"\t'{URL}' \r\n",
        f"\ufeff{URL}",
        f"'\"{URL}\"'",
        f"{URL}?schema=public",
        f"{URL}?pgbouncer=true&connection_limit=1&pool_timeout=0",
        f"{URL}?pgbouncer=true&",
        f"{URL}?",
        f"{URL}?serverVersion=16&charset=utf8",
        f"{URL}?prepared_statement_cache_size=0",
        f"{URL}?pool=5&encoding=unicode",
        f"{URL}?currentSchema=x&prepareThreshold=0",
        "postgresql+asyncpg://u:pw@/shop?host=h:5432",
        "postgresql://u:pw@/shop?host=h&port=5432",
        "postgresql://u:pw@/shop?schema=x&host=h&port=5432",
        "host=h port=5432 user=u password=pw dbname=shop",
        "host=h\nport=5432\nuser=u\npassword='pw'\ndbname=shop\n",
        '"host=h port=5432 user=u password=pw dbname=shop"',
    ],
)
def test_one_database_in_many_forms(text: str) -> None:
    assert conninfo_to_dict(normalized(text)) == SHOP


FORMS: dict[str, dict[str, Any]] = {
    "postgresql://u@h1:1,h2:2/db": {"user": "u", "host": "h1,h2", "port": "1,2", "dbname": "db"},
    "postgresql+psycopg2://u@/db?host=h1:1&host=h2:2": {"user": "u", "host": "h1,h2", "port": "1,2", "dbname": "db"},
    "postgresql+psycopg2://u@/db?host=h&host=[::1]:2": {
        "user": "u",
        "host": "h,::1",
        "port": "5432,2",
        "dbname": "db",
    },
    "postgresql://u@[2001:db8::1]:6432/db": {"user": "u", "host": "2001:db8::1", "port": "6432", "dbname": "db"},
    "postgresql://%2Frun%2Fpostgresql/db": {"host": "/run/postgresql", "dbname": "db"},
    "postgresql:///db?host=/run/postgresql": {"host": "/run/postgresql", "dbname": "db"},
    "postgresql:///db?host=%2Frun%2Fa:b": {"host": "/run/a:b", "dbname": "db"},
    "host=/run/postgresql dbname=db": {"host": "/run/postgresql", "dbname": "db"},
    "host=::1 dbname=db": {"host": "::1", "dbname": "db"},
    "service=shop": {"service": "shop"},
    "postgresql:///?service=shop": {"service": "shop"},
    "postgresql://h/db?passfile=/etc/pgpass": {"host": "h", "dbname": "db", "passfile": "/etc/pgpass"},
    "postgresql://h/db?sslmode=require&channel_binding=require": {
        "host": "h",
        "dbname": "db",
        "sslmode": "require",
        "channel_binding": "require",
    },
    "postgresql+asyncpg://h/db?ssl=verify-full": {"host": "h", "dbname": "db", "sslmode": "verify-full"},
    "postgresql://h/db?ssl=true": {"host": "h", "dbname": "db", "sslmode": "require"},
    "postgresql://h/db?ssl=0": {"host": "h", "dbname": "db", "sslmode": "disable"},
    "postgresql://u:a%40b%2Fc@h/db": {"user": "u", "password": "a@b/c", "host": "h", "dbname": "db"},
    "postgresql://u:a:b?c@h/db": {"user": "u", "password": "a:b?c", "host": "h", "dbname": "db"},
    "jdbc:postgresql://h/db?ApplicationName=x": {"host": "h", "dbname": "db", "application_name": "x"},
    "postgresql://h/db?options=-c%20statement_timeout%3D5s": {
        "host": "h",
        "dbname": "db",
        "options": "-c statement_timeout=5s",
    },
    "": {},
    " \n": {},
    '""': {},
    "' '": {},
}


@pytest.mark.parametrize("text", FORMS)
def test_forms_that_libpq_does_not_take_as_they_are(text: str) -> None:
    assert conninfo_to_dict(normalized(text)) == FORMS[text]


SECRET = "Tr0ub4dor"
REFUSED = {
    f"mysql://u:{SECRET}@h/db": "scheme",
    f"{SECRET}://u@h/db": "scheme",
    f"postgresql://u:{SECRET}@{SECRET}@h/db": "an @",
    f"postgresql://u:{SECRET}/{SECRET}@h/db": "an @",
    f"postgresql://u:1/{SECRET}@h/db": "an @",
    f"postgresql://u:{SECRET}@{SECRET}/x@h/db": "an @",
    f"postgresql://u:a/{SECRET}?{SECRET}=1@h/db": "none of libpq's parameters",
    f"postgresql://h/db?password=a&{SECRET}=b": "none of libpq's parameters",
    f"postgresql://u:{SECRET}%zz@h/db": "%",
    f"postgresql://u:{SECRET}%00@h/db": "NUL",
    f"postgresql://u:{SECRET}\n{SECRET}@h/db": "line break",
    f"postgresql://u:{SECRET}\0@h/db": "NUL",
    f"host=h password={SECRET}\0": "NUL",
    f"postgresql://u:{SECRET}@h:five/db": "port",
    f"postgresql://u:{SECRET}@h:70000/db": "port",
    f"postgresql://u:{SECRET}@h:٣/db": "port",
    f"postgresql://u:{SECRET}@h/db?sslmode=no-verify": "sslmode",
    f"postgresql://u:{SECRET}@h/db?ssl=sometimes": "sslmode",
    f"postgresql://u:{SECRET}@h/db?sslaccept=strict": "sslaccept",
    f"postgresql://u:{SECRET}@h/db?sslmode": "libpq",
    f"postgresql://u:{SECRET}@h/db?options=-c a=b": "=",
    f"postgresql://u:{SECRET}@[::1/db": "IPv6",
    f"DATABASE_URL=postgresql://u:{SECRET}@h/db": "name of a variable",
    f"export DATABASE_URL='postgresql://u:{SECRET}@h/db'": "name of a variable",
    f"psql 'postgresql://u:{SECRET}@h/db'": "command line",
    f"'postgresql://u:{SECRET}@h/db": "quotation mark",
    "$DATABASE_URL": "variable",
    "${DATABASE_URL}": "variable",
    "{{ database_url }}": "variable",
    f"host=h passwort={SECRET}": "keywords",
    f"host=h password={SECRET} {SECRET}=x": "keywords",
    f"host=h password={SECRET} {SECRET}": "libpq",
    f"h:5432/{SECRET}": "libpq",
    f"postgresql://u:{SECRET}\udcff@h/db": "libpq",
}


@pytest.mark.hazard(
    "A connection string of another tool is refused without a reason, or its password is taken for a host",
    closed="`shared/pooljobs/db/dsn_forms.py`, which says what is wrong and not a word of the text",
    area="database",
)
@pytest.mark.parametrize("text", REFUSED)
def test_the_error_names_what_is_wrong_and_nothing_of_the_text(text: str) -> None:
    with pytest.raises(OptionError, match=REFUSED[text]) as refused:
        normalized(text)
    assert refused.value.hint
    assert SECRET not in f"{refused.value} {refused.value.hint}"
    with pytest.raises(OptionError, match="DATABASE_URL is not a PostgreSQL connection string") as told:
        resolve(None, {"DATABASE_URL": text})
    assert told.value.hint == refused.value.hint


def test_what_is_nothing_but_blanks_and_quotes_is_not_given() -> None:
    assert resolve('""', {"POOLJOBS_DSN": " \n", "DATABASE_URL": URL}).source == "DATABASE_URL"
    assert resolve(None, {"DATABASE_URL": "''"}).dsn is None


@pytest.mark.parametrize(
    ("dsn", "told"),
    [
        ("postgresql://u:pw@[::1]/shop", "database shop at [::1]:5432"),
        ("host=a,b port=1,2 dbname=shop", "database shop at a:1 or b:2"),
        ("host=a,b port=1 dbname=shop", "database shop at a:1 or b:1"),
        ("host=/run/postgresql dbname=shop", "database shop at the socket in /run/postgresql"),
        ("service=shop", "the database of service shop"),
        ("service=shop dbname=x", "database x of service shop"),
    ],
)
def test_a_place_is_told_before_there_is_a_connection(dsn: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGHOST", "PGPORT", "PGSERVICE"):
        monkeypatch.delenv(name, raising=False)
    assert describe(dsn) == told
