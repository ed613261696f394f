from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pooljobs import PoolJobs
from pooljobs.application.loading import load_app
from pooljobs.errors import AppLoadError
from pooljobs.exit_codes import ExitCode

_NUMBERS = itertools.count()

Write = Callable[[str], str]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Writes a module into the working directory and gives its name, which no other test has used."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)

    def made(source: str) -> str:
        name = f"app_under_test_{next(_NUMBERS)}"
        Path(f"{name}.py").write_text(source)
        return name

    yield made
    for name in set(sys.modules) - before:
        del sys.modules[name]


def refusal(spec: str) -> AppLoadError:
    with pytest.raises(AppLoadError) as caught:
        load_app(spec)
    error = caught.value
    assert error.exit_code is ExitCode.APP
    assert "\n" not in str(error)
    assert error.hint
    return error


APP = "from pooljobs import PoolJobs\napp = queue = PoolJobs()\n"


def test_module_and_attribute(write: Write) -> None:
    name = write(APP)
    assert isinstance(load_app(f"{name}:queue"), PoolJobs)
    assert load_app(name) is load_app(f"{name}:app")


def test_the_working_directory_comes_first(write: Write, tmp_path: Path) -> None:
    load_app(write(APP))
    assert sys.path[0] == str(tmp_path)


@pytest.mark.parametrize(
    ("spec", "hint"),
    [
        ("", "module:attribute"),
        ("a b", "module:attribute"),
        ("examples/emails.py", "examples.emails:app"),
        ("./examples/emails.py:queue", "examples.emails:queue"),
        ("examples.emails.py", "examples.emails:app"),
        ("examples.emails:", "examples.emails:app"),
        (":app", "module:attribute"),
        ("..emails:app", "module:attribute"),
    ],
)
def test_a_wrong_form_is_told_and_the_right_one_suggested(spec: str, hint: str) -> None:
    error = refusal(spec)
    assert hint in str(error.hint)
    assert error.traceback is None


@pytest.mark.parametrize("spec", ["no_such_module_here:app", "json.no_such:app", "json.decoder.deeper:app"])
def test_no_such_module_is_no_fault_of_their_code(spec: str) -> None:
    error = refusal(spec)
    assert "cannot find" in str(error)
    assert error.traceback is None


def test_no_such_attribute_names_what_there_is(write: Write) -> None:
    name = write(APP.replace("app = queue", "queue = other"))
    error = refusal(name)
    assert f"{name}:other or {name}:queue" in str(error.hint)
    assert "no PoolJobs was found" in str(refusal(f"{write('x = 1')}:app").hint)


def test_something_else_than_an_app(write: Write) -> None:
    assert "of type int, not a PoolJobs" in str(refusal(write("app = 3")))


def test_an_import_that_raises_shows_their_frames_only(write: Write) -> None:
    name = write("def f():\n    return 1 / 0\nf()\n")
    error = refusal(name)
    assert str(error) == f"importing {name} raised ZeroDivisionError: division by zero"
    assert error.traceback is not None
    frames = [line for line in error.traceback.splitlines() if line.startswith("  File")]
    assert [Path(frame.split('"')[1]).name for frame in frames] == [f"{name}.py"] * 2
    assert f"{name}.py, line 2" in str(error.hint)


def test_a_missing_module_that_they_import_is_their_error(write: Write) -> None:
    name = write("import no_such_dependency\n")
    error = refusal(name)
    assert "raised ModuleNotFoundError" in str(error)
    assert "import no_such_dependency" in str(error.traceback)
    assert "is no_such_dependency installed" in str(error.hint)


@pytest.mark.parametrize(
    ("source", "told"),
    [("def f(:\n", "SyntaxError"), ("import sys\nsys.exit('bye')\n", "SystemExit"), ("raise ValueError", "ValueError")],
)
def test_other_ways_to_fail(write: Write, source: str, told: str) -> None:
    error = refusal(write(source))
    assert told in str(error)
    assert told in str(error.traceback)


def test_a_declaration_error_keeps_its_hint(write: Write) -> None:
    twice = "@app.job(name='x')\ndef {}() -> None: ...\n"
    error = refusal(write(APP + twice.format("f") + twice.format("g")))
    assert "two jobs are named 'x'" in str(error)
    assert "another name" in str(error.hint)


def test_the_hint_is_left_to_whoever_shows_the_error(write: Write) -> None:
    """Their error has it as a note, and so has one that was raised from it; it is to be read once."""
    error = refusal(write("from pooljobs import OptionError\nraise OptionError('no', hint='turn left')\n"))
    assert error.hint == "turn left"
    assert "OptionError: no" in str(error.traceback)
    assert "hint: turn left" not in str(error.traceback)
    assert str(error).endswith("OptionError: no")


FACTORY = (
    "from pooljobs import PoolJobs\nmade = []\ndef create_app():\n    made.append(PoolJobs())\n    return made[-1]\n"
)


def test_a_function_that_makes_the_application_is_called(write: Write) -> None:
    name = write(FACTORY + "class settings:\n    make = staticmethod(create_app)\n")
    assert load_app(f"{name}:create_app()") is sys.modules[name].made[-1]
    assert load_app(f"{name}:settings.make()") is sys.modules[name].made[-1]
    assert len(sys.modules[name].made) == 2


def test_a_function_that_is_not_called_is_told_how(write: Write) -> None:
    name = write(FACTORY)
    error = refusal(f"{name}:create_app")
    assert "is of type function, not a PoolJobs" in str(error)
    assert f"{name}:create_app()" in str(error.hint)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("app = 3", "app cannot be called"),
        ("def app(x): ...", "app() raised TypeError"),
        ("def app(): return 1 / 0", "app() raised ZeroDivisionError: division by zero"),
        ("def app(): return 3", "app() is of type int, not a PoolJobs"),
    ],
)
def test_what_is_called_in_vain(write: Write, source: str, told: str) -> None:
    assert told in str(refusal(f"{write(source)}:app()"))


def test_the_hint_names_what_they_wrote_and_not_what_they_call(write: Write) -> None:
    name = write("import json\ndef read():\n    return json.loads('{')\nread()\n")
    error = refusal(name)
    assert f"{name}.py, line 3" in str(error.hint)
    assert "decoder.py" in str(error.traceback)
