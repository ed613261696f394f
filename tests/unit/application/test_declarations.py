"""What can be declared, what cannot, and what becomes of a function that is declared a second time."""

from __future__ import annotations

import functools
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pooljobs import DeclarationError, OptionError, PoolJobs
from pooljobs.job.options import EnqueueOptions


def refusal(declare: Any) -> DeclarationError:
    with pytest.raises(DeclarationError) as caught:
        declare()
    assert caught.value.hint
    return caught.value


def cell(app: PoolJobs, source: str, number: int, module: str = "__main__") -> None:
    """Executes what stands in a notebook's cell: text that no file has, under a new name each time."""
    code = compile(source, f"/tmp/ipykernel_1/{number}.py", "exec")
    exec(code, {"__name__": module, "app": app})


SEND = "@app.job(aliases={})\ndef send(to: str) -> None: {}\n"


def test_a_cell_that_is_run_again_replaces_what_it_declared() -> None:
    app = PoolJobs()
    registry = app.registry
    cell(app, SEND.format("('post', 'mail')", "..."), 1)
    first = app.registry["send"]
    cell(app, SEND.format("('mail', 'letter')", "return None"), 2)
    assert set(registry) == {"send", "mail", "letter"}
    assert registry["send"] is registry["mail"] is registry["letter"] is not first


def test_a_module_that_is_executed_under_another_name_declares_the_same_jobs(tmp_path: Path) -> None:
    package = tmp_path / "shop"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "app.py").write_text("from pooljobs import PoolJobs\napp = PoolJobs()\n")
    (package / "tasks.py").write_text(
        "from shop.app import app\n"
        "@app.job\ndef send() -> None: ...\n"
        "if __name__ == '__main__':\n"
        "    import shop.tasks\n"
        "    print(app.registry['send'] is shop.tasks.send, len(app.registry))\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "shop.tasks"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("True 1\n", "")


@pytest.mark.parametrize("second", ["@app.job(name='send')\ndef other() -> None: ...", SEND.format("()", "...")])
def test_another_function_is_refused_and_so_is_one_of_another_module(second: str) -> None:
    app = PoolJobs()
    cell(app, SEND.format("()", "..."), 1, module="__main__" if "other" in second else "shop.tasks")
    first = app.registry["send"]
    with pytest.raises(DeclarationError, match="two jobs are named 'send'"):
        cell(app, second, 2)
    assert dict(app.registry) == {"send": first}


def test_functions_that_one_function_makes_are_different_ones() -> None:
    app = PoolJobs()

    def make(table: str) -> None:
        @app.job
        def sync() -> str:
            return table

    make("a")
    with pytest.raises(DeclarationError, match="two jobs are named 'sync'"):
        make("b")


@pytest.mark.parametrize(
    "source",
    [
        "for n in 1, 2: app.job(name='x')(lambda n=n: None)",
        "def f(n): ...\nfor n in 1, 2: app.job(name='x')(partial(f, n))",
        "class C:\n    def __call__(self): ...\nfor n in 1, 2: app.job(name='x')(C())",
    ],
    ids=["lambda", "partial", "object"],
)
def test_what_one_place_makes_twice_are_different_ones(source: str) -> None:
    with pytest.raises(DeclarationError, match="two jobs are named 'x'"):
        cell(PoolJobs(), f"from functools import partial\n{source}", 1)


def test_a_partial_in_a_cell_that_is_run_again_takes_the_place_of_the_former() -> None:
    app = PoolJobs()
    for number in (1, 2):
        cell(app, "from functools import partial\ndef f(n): ...\napp.job(name='x')(partial(f, 1))", number)
    assert set(app.registry) == {"x"}


def test_one_that_is_declared_again_still_leaves_others_their_names() -> None:
    app = PoolJobs()
    cell(app, SEND.format("()", "..."), 1)
    cell(app, "@app.job\ndef mail() -> None: ...\n", 2)
    former = dict(app.registry)
    with pytest.raises(DeclarationError, match="two jobs are named 'mail'"):
        cell(app, SEND.format("('mail',)", "..."), 3)
    assert dict(app.registry) == former


def test_a_method_is_refused_with_the_reason() -> None:
    app = PoolJobs()

    def declare() -> None:
        class Mailer:
            @app.job
            def send(self, to: str) -> None: ...

    error = refusal(declare)
    assert str(error) == "send: a method cannot be a job: a worker has no object to call it on"
    assert "declare a function" in str(error.hint)

    def declare_of_class() -> None:
        class Mailer:
            @app.job
            @classmethod
            def send(cls, to: str) -> None: ...

    assert "class method" in str(refusal(declare_of_class))
    assert dict(app.registry) == {}


def test_a_static_method_and_a_bound_one_are_functions() -> None:
    app = PoolJobs()

    class Mailer:
        @staticmethod
        @app.job
        def send(to: str) -> str:
            return to

        def post(self, to: str) -> str:
            return f"{to}, by post"

    assert Mailer.send("Ada") == "Ada"
    assert app.job(Mailer().post)("Ada") == "Ada, by post"
    assert set(app.registry) == {"send", "post"}


def greet(greeting: str, to: str, times: int = 1) -> str:
    return " ".join([f"{greeting} {to}"] * times)


class Greeter:
    def __call__(self, to: str, times: int = 1) -> str:
        return greet("Hello", to, times)


@pytest.mark.parametrize("function", [functools.partial(greet, "Hello"), Greeter()], ids=["partial", "callable object"])
def test_what_has_no_name_can_be_given_one(function: Any) -> None:
    app = PoolJobs()
    assert "has no name" in str(refusal(lambda: app.job(function)))
    task = app.job(name="hello")(function)
    assert (task.name, task.__name__, task("Ada")) == ("hello", "hello", "Hello Ada")
    payload = task.binder.encoded({"to": "Ada", "times": 2})
    assert task.job_of(payload, EnqueueOptions()).job_type == "hello"
    args, kwargs = task.binder.check({"to": "Ada", "times": 2})
    assert function(*args, **kwargs) == "Hello Ada Hello Ada"
    assert task.where


def test_of_a_partial_async_function_the_worker_knows_that_it_is_async() -> None:
    async def later(greeting: str, to: str) -> None: ...

    assert PoolJobs().job(name="later")(functools.partial(later, "Hello")).is_async


def test_the_total_number_of_runs_has_two_names() -> None:
    app = PoolJobs()

    @app.job(max_attempts=5)
    def send() -> None: ...

    assert send.max_retries == 5
    assert send.job_of(b"{}", EnqueueOptions(max_attempts=2)) == send.job_of(b"{}", EnqueueOptions(max_retries=2))
    assert send.options(max_attempts=2).job_of(b"{}").max_retries == 2
    assert EnqueueOptions(max_attempts=2) == EnqueueOptions(max_retries=2)
    assert "two names of one thing" in str(refusal(lambda: app.job(max_retries=3, max_attempts=3)))
    with pytest.raises(OptionError, match="two names of one thing"):
        send.options(max_attempts=2, max_retries=2)
    with pytest.raises(OptionError, match="total number of runs"):
        send.options(max_attempts=0)
    with pytest.raises(DeclarationError, match="total number of runs"):
        app.job(name="other", max_attempts=0)(lambda: None)
