"""From the options of ``pooljobs serve`` to its settings: an option that is named as a setting is that setting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from pooljobs.settings import ServeSettings, WorkerSettings
from pooljobs_cli.arguments.queue_shares import shares
from pooljobs_cli.arguments.reload_dirs import reload_dirs


def settings_of(options: Mapping[str, Any]) -> ServeSettings:
    """The settings that were given; which database it is, and which queues an application declares where ``queues`` is
    None, is found out later (``launch.py``).

    Raises:
        OptionError: A value is out of its range, what is given as queues are none, or files cannot be watched.
    """
    given = {name: value for name, value in options.items() if value is not None} | {"dsn": ""}
    if "queues" in given:
        served = shares(given["queues"])
        given |= {"queues": tuple(served), "weights": tuple(served.values())}
    given["reload_dirs"] = reload_dirs(given.get("reload_dir", ()), here=given.get("reload", False))
    worker = WorkerSettings(**_those_of(WorkerSettings, given))
    return ServeSettings(**{**_those_of(ServeSettings, given), "worker": worker})


def _those_of(settings: type, given: Mapping[str, Any]) -> dict[str, Any]:
    return {field.name: given[field.name] for field in fields(settings) if field.name in given}
