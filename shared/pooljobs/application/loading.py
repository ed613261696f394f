"""Finds the application that ``--app module:attribute`` names. Called in each worker, and by ``pooljobs enqueue``.

Whatever goes wrong is told in one line that says whose mistake it is; where the user's own code raised, their
traceback goes with it, without our frames.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
import traceback
from operator import attrgetter
from pathlib import Path
from sysconfig import get_paths
from types import FunctionType, ModuleType, TracebackType

from pooljobs.application.app import PoolJobs
from pooljobs.errors import AppLoadError, PoolJobsError
from pooljobs.job.error_text import headline, traceback_text, without_hint

DEFAULT_ATTRIBUTE = "app"

_NAME = r"[^\W\d]\w*"
_SPEC = re.compile(rf"(?P<module>{_NAME}(?:\.{_NAME})*)(?::(?P<attribute>{_NAME}(?:\.{_NAME})*)(?P<call>\(\))?)?")


def load_app(spec: str) -> PoolJobs:
    """The application that ``spec`` names, as ``module:attribute`` or ``module`` (then the attribute is ``app``), or
    that a function makes without arguments: ``module:function()``.

    Modules are looked up from the working directory first, which is put at the head of ``sys.path``.

    Raises:
        AppLoadError: The form is wrong, there is no such module or attribute, it is something else than a PoolJobs,
            or the import raised; ``traceback`` is set where the user's code raised.
    """
    module_name, attribute, call = _parse(spec)
    here = _working_directory()
    if here and sys.path[:1] != [here]:
        sys.path.insert(0, here)
    module = _import(module_name)
    found = _resolve(module, attribute)
    if call:
        found = _made(f"{module_name}:{attribute}", found)
    if not isinstance(found, PoolJobs):
        told = f"{module_name}:{attribute}{call} is of type {type(found).__name__}, not a PoolJobs"
        is_function = not call and isinstance(found, FunctionType)
        raise AppLoadError(told, hint=_hint_to_call(module_name, attribute) if is_function else _suggest(module))
    return found


def _made(name: str, make: object) -> object:
    if not callable(make):
        raise AppLoadError(f"{name} cannot be called", hint=f"write it without the parentheses: {name}")
    try:
        return make()
    except (Exception, SystemExit) as error:
        raise _raised(f"calling {name}()", error, _their_frames(error.__traceback__)) from error


def _hint_to_call(module: str, attribute: str) -> str:
    return f"if it makes the application, have it called: {module}:{attribute}() (in quotes, for the shell)"


def _parse(spec: str) -> tuple[str, str, str]:
    match = _SPEC.fullmatch(spec)
    if match is None or match["module"].endswith(".py"):
        raise AppLoadError(f"{spec!r} does not name an application", hint=_form_hint(spec))
    return match["module"], match["attribute"] or DEFAULT_ATTRIBUTE, match["call"] or ""


def _form_hint(spec: str) -> str:
    path, _, attribute = spec.partition(":")
    dotted = path.removesuffix(".py").removeprefix("./").replace("/", ".")
    corrected = f"{dotted}:{attribute or DEFAULT_ATTRIBUTE}"
    if corrected != spec and _SPEC.fullmatch(corrected):
        return f"did you mean {corrected} ?"
    return "write it as module:attribute, for example examples.emails:app, or 'module:function()'"


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        theirs = _their_frames(error.__traceback__)
        if isinstance(error, ModuleNotFoundError) and theirs is None:
            raise AppLoadError(f"cannot find the application: {error}", hint=_hint_to_place()) from None
        raise _raised(f"importing {name}", error, theirs) from error


def _working_directory() -> str | None:
    """None where it was removed, or cannot be told."""
    try:
        return os.getcwd()  # noqa: PTH109  # sys.path holds strings
    except OSError:
        return None


def _hint_to_place() -> str:
    here = _working_directory()
    if here is None:
        return "the working directory is gone, so that modules are looked up from sys.path alone: start it elsewhere"
    return f"modules are looked up from the working directory, {here}, then from sys.path"


def _raised(doing: str, error: BaseException, theirs: TracebackType | None) -> AppLoadError:
    hint = _raised_hint(error, theirs)
    told = without_hint(traceback_text(error, theirs), hint)  # which is the new error's from here on
    return AppLoadError(f"{doing} raised {headline(error)}", hint=hint, traceback=told)


def _raised_hint(error: BaseException, theirs: TracebackType | None) -> str:
    if isinstance(error, PoolJobsError) and error.hint:
        return error.hint
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"is {error.name} installed for {sys.executable} ?"
    if isinstance(error, SyntaxError) and error.filename:
        return f"mend {error.filename}, line {error.lineno}"
    frames = traceback.extract_tb(theirs)
    own = [frame for frame in frames if not _is_of_a_library(frame.filename)] or frames
    return f"mend {own[-1].filename}, line {own[-1].lineno}" if own else "mend the module"


def _is_of_a_library(path: str) -> bool:
    """Whether the code there was installed: nobody mends that."""
    places = get_paths()
    installed = {places[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    return path.startswith("<") or any(Path(path).is_relative_to(place) for place in installed)


def _their_frames(trail: TracebackType | None) -> TracebackType | None:
    """The traceback from the first frame that is neither ours nor the import system's; None if there is no such."""
    ours = (__file__, importlib.__file__)
    while trail is not None:
        path = trail.tb_frame.f_code.co_filename
        if path not in ours and not path.startswith("<frozen importlib"):
            return trail
        trail = trail.tb_next
    return None


def _resolve(module: ModuleType, attribute: str) -> object:
    try:
        return attrgetter(attribute)(module)
    except AttributeError:
        raise AppLoadError(f"module {module.__name__!r} has no {attribute!r}", hint=_suggest(module)) from None


def _suggest(module: ModuleType) -> str:
    names = sorted(name for name, value in vars(module).items() if isinstance(value, PoolJobs))
    if names:
        return f"did you mean {' or '.join(f'{module.__name__}:{name}' for name in names)} ?"
    return f"no PoolJobs was found in {module.__name__}: write  app = PoolJobs()  there"
