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
from types import ModuleType, TracebackType

from pooljobs.application.app import PoolJobs
from pooljobs.errors import AppLoadError, PoolJobsError
from pooljobs.job.error_text import headline, traceback_text, without_hint

DEFAULT_ATTRIBUTE = "app"

_NAME = r"[^\W\d]\w*"
_SPEC = re.compile(rf"(?P<module>{_NAME}(?:\.{_NAME})*)(?::(?P<attribute>{_NAME}(?:\.{_NAME})*))?")


def load_app(spec: str) -> PoolJobs:
    """The application that ``spec`` names, as ``module:attribute`` or ``module`` (then the attribute is ``app``).

    Modules are looked up from the working directory first, which is put at the head of ``sys.path``.

    Raises:
        AppLoadError: The form is wrong, there is no such module or attribute, it is something else than a PoolJobs,
            or the import raised; ``traceback`` is set where the user's code raised.
    """
    module_name, attribute = _parse(spec)
    if sys.path[:1] != [os.getcwd()]:  # noqa: PTH109  # sys.path holds strings
        sys.path.insert(0, os.getcwd())  # noqa: PTH109
    module = _import(module_name)
    found = _resolve(module, attribute)
    if not isinstance(found, PoolJobs):
        raise AppLoadError(
            f"{module_name}:{attribute} is of type {type(found).__name__}, not a PoolJobs", hint=_suggest(module)
        )
    return found


def _parse(spec: str) -> tuple[str, str]:
    match = _SPEC.fullmatch(spec)
    if match is None or match["module"].endswith(".py"):
        raise AppLoadError(f"{spec!r} does not name an application", hint=_form_hint(spec))
    return match["module"], match["attribute"] or DEFAULT_ATTRIBUTE


def _form_hint(spec: str) -> str:
    path, _, attribute = spec.partition(":")
    dotted = path.removesuffix(".py").removeprefix("./").replace("/", ".")
    corrected = f"{dotted}:{attribute or DEFAULT_ATTRIBUTE}"
    if corrected != spec and _SPEC.fullmatch(corrected):
        return f"did you mean {corrected} ?"
    return "write it as module:attribute, for example examples.emails:app"


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        theirs = _their_frames(error.__traceback__)
        if isinstance(error, ModuleNotFoundError) and theirs is None:
            hint = f"modules are looked up from the working directory, {os.getcwd()}, then from sys.path"  # noqa: PTH109
            raise AppLoadError(f"cannot find the application: {error}", hint=hint) from None
        raise _raised(name, error, theirs) from error


def _raised(name: str, error: BaseException, theirs: TracebackType | None) -> AppLoadError:
    hint = _raised_hint(error, theirs)
    told = without_hint(traceback_text(error, theirs), hint)  # which is the new error's from here on
    return AppLoadError(f"importing {name} raised {headline(error)}", hint=hint, traceback=told)


def _raised_hint(error: BaseException, theirs: TracebackType | None) -> str:
    if isinstance(error, PoolJobsError) and error.hint:
        return error.hint
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"is {error.name} installed for {sys.executable} ?"
    frames = traceback.extract_tb(theirs)
    if isinstance(error, SyntaxError) and error.filename:
        return f"mend {error.filename}, line {error.lineno}"
    return f"mend {frames[-1].filename}, line {frames[-1].lineno}" if frames else "mend the module"


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
        return getattr(module, attribute)
    except AttributeError:
        raise AppLoadError(f"module {module.__name__!r} has no {attribute!r}", hint=_suggest(module)) from None


def _suggest(module: ModuleType) -> str:
    names = sorted(name for name, value in vars(module).items() if isinstance(value, PoolJobs))
    if names:
        return f"did you mean {' or '.join(f'{module.__name__}:{name}' for name in names)} ?"
    return f"no PoolJobs was found in {module.__name__}: write  app = PoolJobs()  there"
