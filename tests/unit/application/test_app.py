from __future__ import annotations

import ast
import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import pooljobs
from pooljobs import DeclarationError, OptionError, PayloadError, PoolJobs, RetryPolicy

NOWHERE = "host=127.0.0.1 port=1 connect_timeout=2"


def run_python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def test_making_one_opens_nothing_and_starts_no_thread() -> None:
    threads = threading.active_count()
    PoolJobs("this is no connection string")
    assert threading.active_count() == threads


def test_its_names_load_no_database_driver_and_no_pydantic() -> None:
    code = "import sys; from pooljobs import *; print({'psycopg', 'pydantic', 'asyncio'} & set(sys.modules))"
    assert run_python(code) == "set()"


def test_the_version_is_that_of_the_installed_package() -> None:
    assert run_python("import pooljobs; print(pooljobs.__version__)") == pooljobs.__version__
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        getattr(pooljobs, "nonsense")  # noqa: B009  # a type checker knows too


def test_importing_the_package_imports_nothing_of_it() -> None:
    code = "import sys, pooljobs; print(sorted(m for m in sys.modules if m.startswith('pooljobs')))"
    assert run_python(code) == "['pooljobs']"


def test_an_application_is_made_without_what_tells_of_results() -> None:
    """Most processes that enqueue never ask a handle; it would be a twentieth of the import."""
    code = "import sys; from pooljobs import PoolJobs; PoolJobs(); print(*(m for m in sys.modules if 'pooljobs.' in m))"
    loaded = {module.rsplit(".", 1)[-1] for module in run_python(code).split()}
    assert {"job_results", "found_outcomes", "job_status", "result_errors", "result_hub", "waits"} & loaded == set()
    assert "handle" in loaded


def test_every_public_name_exists() -> None:
    assert [name for name in pooljobs.__all__ if not hasattr(pooljobs, name)] == []
    assert set(pooljobs.__all__) <= set(dir(pooljobs))


def test_type_checkers_are_told_of_the_same_names_in_the_same_places() -> None:
    assert pooljobs.__file__ is not None
    tree = ast.parse(Path(pooljobs.__file__).read_text("utf-8"))
    [checked] = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    told = {
        node.module: tuple(each.name for each in node.names)
        for node in checked.body
        if isinstance(node, ast.ImportFrom)
    }
    assert told == {f"pooljobs.{home}": names for home, names in pooljobs._HOMES.items()}
    assert sorted(pooljobs.__all__) == sorted(["__version__", *(name for names in told.values() for name in names)])


def test_tasks_are_registered_by_name() -> None:
    app = PoolJobs()

    @app.job
    def plain() -> None: ...

    @app.job(name="mails.send")
    def send() -> None: ...

    assert dict(app.registry) == {"plain": plain, "mails.send": send}
    with pytest.raises(TypeError):
        app.registry["other"] = plain  # type: ignore[index] # read-only


def test_a_name_that_is_taken_is_refused_saying_where_both_are() -> None:
    app = PoolJobs()

    @app.job
    def send() -> None: ...

    with pytest.raises(DeclarationError, match=rf"two jobs are named 'send': {__file__}:\d+ and {__file__}:\d+"):
        app.job(name="send")(lambda: None)
    assert app.registry["send"] is send


def test_an_unknown_policy_is_refused_where_it_is_declared() -> None:
    with pytest.raises(DeclarationError, match="there is no retry_policy 'exponentail'") as raised:
        PoolJobs().job(retry_policy="exponentail")  # type: ignore[call-overload]  # that is what this is about
    assert raised.value.hint == "did you mean 'exponential' ?"


def test_the_retry_delay_of_the_application_is_that_of_handlers_which_declare_none() -> None:
    app = PoolJobs(retry_delay_secs=30)
    assert app.job(name="a")(lambda: None).retry == RetryPolicy("exponential", 30)
    assert app.job(name="b", retry_delay_secs=0)(lambda: None).retry == RetryPolicy("exponential", 0)
    assert app.job(name="c", retry_policy="fixed")(lambda: None).retry == RetryPolicy("fixed", 30)
    with pytest.raises(DeclarationError, match="retry_delay_secs"):
        PoolJobs(retry_delay_secs=-1)


def test_a_job_that_is_never_retried_has_one_run_however_it_is_enqueued() -> None:
    task = PoolJobs().job(name="once", max_retries=5, retry_policy="none")(lambda: None)
    assert task.max_retries == 1
    assert task.job_of(b"{}").max_retries == 1
    assert task.options(max_retries=7).job_of(b"{}").max_retries == 1


def test_enqueueing_by_name_checks_what_it_can() -> None:
    app = PoolJobs(NOWHERE)

    @app.job
    def thumbnail(path: str) -> None: ...

    with pytest.raises(PayloadError, match="thumbnail: payload has no field 'path'"):
        app.enqueue("thumbnail")
    with pytest.raises(PayloadError, match=r"elsewhere: payload\.x: a value of type bytes"):
        app.enqueue("elsewhere", {"x": b"raw"})
    with pytest.raises(OptionError, match="priority"):
        app.enqueue("elsewhere", priority=9)
    with pytest.raises(OptionError, match="job_type must be a non-empty string"):
        app.enqueue("")
    with pytest.raises(OptionError, match="no such option: prioritee"):
        app.enqueue("elsewhere", prioritee=1)  # type: ignore[call-arg]


def test_the_database_is_looked_up_at_the_first_job() -> None:
    with PoolJobs("this is no connection string") as app, pytest.raises(OptionError):
        app.enqueue("anything")


def test_it_can_be_closed_before_and_after_use_and_twice() -> None:
    app = PoolJobs(NOWHERE)
    app.use_dsn(NOWHERE, schema="other")
    app.close()
    app.close()


@pytest.mark.asyncio
async def test_a_task_can_close_it_while_the_others_go_on() -> None:
    app = PoolJobs()
    closing, closed = threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def make() -> Iterator[str]:
        yield "text"
        assert closing.wait(60)
        loop.call_soon_threadsafe(closed.set)

    app.provide(str, make)
    async with app as same:
        assert same is app
        assert app.state.get(str) == "text"
        asyncio.get_running_loop().call_later(0.001, closing.set)
    await closed.wait()
    await app.aclose()
