"""What ``last_error`` says of a payload that this worker's code refused. Pure."""

from __future__ import annotations

import traceback
from typing import Final

from pooljobs.errors import PayloadError
from pooljobs.job.error_text import clean
from pooljobs.job.secret_values import without_secrets
from pooljobs.signature.field_names import names_of_handler, names_of_payload
from pooljobs.signature.inspection import HandlerSignature

LONGEST_FINDING: Final = 1000
"""Characters of what was found wrong: a class of the user's may have said it, with the whole payload in it."""

MOST_FRAMES: Final = 10
"""Frames of the user's that are shown, the innermost."""

_NOT_THEIRS: Final = frozenset({"pooljobs", "pooljobs_worker", "pydantic", "pydantic_core"})


def refusal_text(
    signature: HandlerSignature, payload: object, error: Exception, *, waits: bool, unknown_after: float
) -> str:
    """What was found wrong in one line, then both sides' fields, then where the user's own code raised, if it did."""
    if waits:
        head = "refused by this worker's code, and waits for another's"
    else:
        head = f"refused by the code of each worker that took it, for {unknown_after:g} s (--unknown-after)"
    told = [f"{head}: {_finding(error)}", ""]
    told.append(f"the payload has: {names_of_payload(payload)}")
    told.append(f"the handler takes: {names_of_handler(signature)}")
    if frames := _their_frames(error):
        told += ["", "".join(traceback.format_list(frames)).rstrip()]
    return clean("\n".join(told))


def _finding(error: Exception) -> str:
    """One line. It never raises: a class whose ``__str__`` does is told by its name."""
    try:
        text = str(error) if isinstance(error, PayloadError) else f"{type(error).__name__}: {error}"
    except Exception:  # noqa: BLE001  # whatever a class of the user's does when it is printed
        text = type(error).__name__
    line = " ".join(without_secrets(text).split())
    return line if len(line) <= LONGEST_FINDING else f"{line[:LONGEST_FINDING]}…"


def _their_frames(error: BaseException) -> traceback.StackSummary:
    """Frames of a ``__post_init__``, a validator, an enum's ``_missing_``: without ours, and without pydantic's."""
    raised = error.__cause__ or error
    frames = [
        (frame, line)
        for frame, line in traceback.walk_tb(raised.__traceback__)
        if str(frame.f_globals.get("__name__")).partition(".")[0] not in _NOT_THEIRS
    ]
    return traceback.StackSummary.extract(iter(frames[-MOST_FRAMES:]))
