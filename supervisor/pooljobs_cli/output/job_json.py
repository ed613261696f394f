"""A job as other programs read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pooljobs_cli.output.console import raw_json
from pooljobs_cli.output.json_text import masked

_DOCUMENTS: Final = ("progress", "tags", "meta", "result")


def job_json(job: Mapping[str, Any]) -> dict[str, Any]:
    """A row of ``jobs list`` or ``jobs show``, for ``emit_json``.

    Payload and result are as the database has them, the payload without what is secret. A worker's id is a text: most
    readers of JSON round numbers beyond 2**53, and one rounded names nobody.
    """
    told = {name: value for name, value in job.items() if name != "secret"}
    if told.get("payload") is not None:
        told["payload"] = raw_json(masked(told["payload"], job["secret"] or ()))
    told.update((name, raw_json(told[name])) for name in _DOCUMENTS if told.get(name) is not None)
    if told["worker_id"] is not None:
        told["worker_id"] = str(told["worker_id"])
    return told
