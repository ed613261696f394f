"""The schemas of demo, chaos and bench: only what they made is dropped, and nothing of others with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from psycopg import Connection, errors

from pooljobs.errors import RefusedError
from pooljobs_cli.bench.bench_schema import PURPOSE as BENCH
from pooljobs_cli.chaos.chaos_schema import PURPOSE as CHAOS
from pooljobs_cli.demo.ledger import PURPOSE as DEMO
from pooljobs_cli.staging.consent import consent, not_asked
from pooljobs_cli.staging.own_schema import Purpose, own_schema

PURPOSES = [BENCH, CHAOS, DEMO]
MARKED = """
    CREATE SCHEMA pooljobs_demo;
    COMMENT ON SCHEMA pooljobs_demo IS 'made by pooljobs demo, which drops it';
    CREATE TABLE pooljobs_demo.audit (run integer PRIMARY KEY, told text);
    CREATE TYPE pooljobs_demo.mood AS ENUM ('good');
    CREATE FUNCTION pooljobs_demo.one() RETURNS integer LANGUAGE sql RETURN 1;
    CREATE FUNCTION pooljobs_demo.fire() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TABLE public.theirs (n integer);
    INSERT INTO public.theirs VALUES (7);
"""

DEPENDENTS = {
    "a view": ("CREATE VIEW v AS SELECT * FROM pooljobs_demo.audit", "view v"),
    "a materialized view": ("CREATE MATERIALIZED VIEW m AS SELECT * FROM pooljobs_demo.audit", "materialized view m"),
    "a view of a view": (
        (
            "CREATE VIEW pooljobs_demo.own AS SELECT * FROM pooljobs_demo.audit;"
            "CREATE VIEW v AS SELECT * FROM pooljobs_demo.own"
        ),
        "view v",
    ),
    "a foreign key": ("ALTER TABLE theirs ADD FOREIGN KEY (n) REFERENCES pooljobs_demo.audit NOT VALID", "constraint"),
    "a default": ("ALTER TABLE theirs ALTER n SET DEFAULT pooljobs_demo.one()", "default value"),
    "a column": ("ALTER TABLE theirs ADD m pooljobs_demo.mood", "table theirs"),
    "a domain": ("CREATE DOMAIN d AS pooljobs_demo.mood", "type d"),
    "a check": ("ALTER TABLE theirs ADD CHECK (n > pooljobs_demo.one())", "constraint"),
    "a function": (
        "CREATE FUNCTION f() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM pooljobs_demo.audit; END",
        "function f()",
    ),
    "a trigger": (
        "CREATE TRIGGER t BEFORE INSERT ON theirs FOR EACH ROW EXECUTE FUNCTION pooljobs_demo.fire()",
        "trigger t on table theirs",
    ),
    "a policy": ("CREATE POLICY p ON theirs USING (n > pooljobs_demo.one())", "policy p on table theirs"),
    "a rule": (
        "CREATE RULE r AS ON INSERT TO theirs DO ALSO INSERT INTO pooljobs_demo.audit VALUES (1)",
        "rule r on table theirs",
    ),
    "an index": ("CREATE INDEX i ON theirs ((n + pooljobs_demo.one()))", "index i"),
    "a partition": (
        (
            "CREATE TABLE pooljobs_demo.parted (n integer) PARTITION BY LIST (n);"
            "CREATE TABLE part PARTITION OF pooljobs_demo.parted DEFAULT"
        ),
        "table part",
    ),
    "a child": ("CREATE TABLE heir () INHERITS (pooljobs_demo.audit)", "table heir"),
    "an event trigger": (
        (
            "CREATE FUNCTION pooljobs_demo.e() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';"
            "CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION pooljobs_demo.e()"
        ),
        "event trigger e",
    ),
    "a cast": (
        (
            "CREATE TYPE mine AS (n integer);"
            "CREATE FUNCTION pooljobs_demo.c(mine) RETURNS integer LANGUAGE sql IMMUTABLE RETURN 1;"
            "CREATE CAST (mine AS integer) WITH FUNCTION pooljobs_demo.c(mine)"
        ),
        "cast",
    ),
}


@pytest.fixture
def admin(empty_dsn: str) -> Iterator[Connection[Any]]:
    with psycopg.connect(empty_dsn, autocommit=True) as connection:
        yield connection


def exists(connection: Connection[Any], purpose: Purpose) -> bool:
    query = "SELECT FROM pg_namespace WHERE nspname = %s"
    return connection.execute(query, (purpose.schema,)).rowcount == 1


@pytest.mark.hazard(
    "A command drops a schema that it did not make, or what others made depend on one that it did",
    closed="a mark from the transaction that makes it; tables are held while what depends on them is looked for "
    "(`supervisor/pooljobs_cli/staging/own_schema.py`)",
    area="database",
)
@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize("comment", [None, "ours", "made by pooljobs"])
def test_a_schema_that_nobody_marked_is_refused_and_left_as_it_is(
    empty_dsn: str, admin: Connection[Any], purpose: Purpose, comment: str | None
) -> None:
    admin.execute(f"CREATE SCHEMA {purpose.schema} CREATE TABLE precious (x integer)".encode())
    admin.execute(f"CREATE VIEW public.v AS SELECT * FROM {purpose.schema}.precious".encode())
    if comment:
        admin.execute(f"COMMENT ON SCHEMA {purpose.schema} IS '{comment}'".encode())
    with pytest.raises(RefusedError, match=f"no {purpose.command} made it"), own_schema(empty_dsn, purpose, not_asked):
        pass
    assert admin.execute("SELECT count(*) FROM v").fetchone() == (0,)


@pytest.mark.parametrize("purpose", PURPOSES)
def test_it_is_there_while_it_lasts_whatever_ends_it(empty_dsn: str, admin: Connection[Any], purpose: Purpose) -> None:
    with suppress(KeyboardInterrupt), own_schema(empty_dsn, purpose, not_asked) as own:
        assert exists(admin, purpose)
        own.connection.execute("BEGIN")
        with pytest.raises(errors.UndefinedColumn):
            own.connection.execute("SELECT nothing")
        raise KeyboardInterrupt
    assert not exists(admin, purpose)


def test_one_whose_connection_is_cut_drops_it_on_another(empty_dsn: str, admin: Connection[Any]) -> None:
    with own_schema(empty_dsn, DEMO, not_asked) as own:
        admin.execute("SELECT pg_terminate_backend(%s, 10000)", (own.connection.info.backend_pid,))
    assert not exists(admin, DEMO)


@pytest.mark.hazard(
    "A killed command leaves a schema, a folder, a server, hosts",
    closed="the next one finds the mark, or the folder that nobody holds, and removes them "
    "(`supervisor/pooljobs_cli/staging/own_folder.py`)",
    area="database",
)
def test_what_a_killed_run_has_left_is_dropped_and_so_said(empty_dsn: str, admin: Connection[Any]) -> None:
    admin.execute(MARKED.encode())
    told: list[str] = []
    with own_schema(empty_dsn, DEMO, told.append):
        assert admin.execute("SELECT to_regclass('pooljobs_demo.audit')").fetchone() == (None,)
    assert not exists(admin, DEMO)
    assert "dropped what a run before has left" in told[0]
    assert f"database {admin.info.dbname} at " in told[0]
    assert "pooljobs_demo" in told[0]


@pytest.mark.hazard("A command drops a schema that it did not make")
@pytest.mark.parametrize("dependent", DEPENDENTS)
def test_nothing_of_others_goes_with_it(empty_dsn: str, admin: Connection[Any], dependent: str) -> None:
    statement, named = DEPENDENTS[dependent]
    admin.execute(MARKED.encode())
    admin.execute(statement.encode())
    with pytest.raises(RefusedError) as refused, own_schema(empty_dsn, DEMO, not_asked):
        pass
    assert named in str(refused.value).replace("public.", "")
    assert admin.execute("SELECT n FROM public.theirs").fetchone() == (7,)
    assert admin.execute("SELECT count(*) FROM pooljobs_demo.audit").fetchone() == (0,)


def test_what_came_to_depend_on_it_meanwhile_is_spared_too(
    empty_dsn: str, admin: Connection[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    with own_schema(empty_dsn, DEMO, not_asked):
        admin.execute("CREATE VIEW public.v AS SELECT * FROM pooljobs_demo.live")
    assert admin.execute("SELECT count(*) FROM public.v").fetchone() == (0,)
    assert "others depend on it: view" in capsys.readouterr().err


def test_a_publication_or_a_default_privilege_is_no_obstacle(empty_dsn: str, admin: Connection[Any]) -> None:
    admin.execute(MARKED.encode())
    admin.execute("CREATE PUBLICATION p FOR TABLE pooljobs_demo.audit, public.theirs")
    admin.execute("ALTER DEFAULT PRIVILEGES IN SCHEMA pooljobs_demo GRANT SELECT ON TABLES TO PUBLIC")
    with own_schema(empty_dsn, DEMO, not_asked):
        pass
    assert not exists(admin, DEMO)
    assert admin.execute("SELECT count(*) FROM pg_publication_rel").fetchone() == (1,)


def test_without_a_yes_nothing_is_done(empty_dsn: str, admin: Connection[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    admin.execute(MARKED.encode())
    with open("/dev/null") as nobody:  # noqa: PTH123
        monkeypatch.setattr("sys.stdin", nobody)
        with (
            pytest.raises(RefusedError, match="nothing was done"),
            own_schema(empty_dsn, DEMO, consent("DATABASE_URL", yes=False)),
        ):
            pass
    assert admin.execute("SELECT count(*) FROM pooljobs_demo.audit").fetchone() == (0,)
