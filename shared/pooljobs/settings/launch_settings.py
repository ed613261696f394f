"""What ``pooljobs serve`` is told that is done with before it forks, or becomes another setting then."""

from __future__ import annotations

from dataclasses import dataclass

from pooljobs.settings.bounds import LOG_FORMATS, LOG_LEVELS
from pooljobs.settings.setting import Panel, check, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchSettings:
    """Which database it is, how the log is set up, and whether files are watched.

    Raises:
        OptionError: A value is no choice.
    """

    dsn: str | None = setting(
        Panel.DATABASE,
        "PostgreSQL to use, as URL or keywords.",
        docs="PostgreSQL to use, as URL or keywords; how it is found otherwise: [above](#which-database)",
        default=None,
        secret=True,
        metavar="DSN",
        usual="POOLJOBS_DSN, then DATABASE_URL, then the embedded server",
        variable="POOLJOBS_DSN",
    )
    embedded: bool = setting(
        Panel.DATABASE,
        "Use the project's embedded PostgreSQL, under a service manager too.",
        docs="use the project's [embedded PostgreSQL](embedded.md), under a service manager too",
        default=False,
        variable="POOLJOBS_DSN=embedded",
    )
    log_format: str = setting(
        Panel.LOG,
        "Log lines for people or machines.",
        docs="`json`: one object a line",
        default="text",
        choices=LOG_FORMATS,
    )
    log_level: str = setting(
        Panel.LOG,
        f"Least that is logged: {', '.join(LOG_LEVELS)}.",
        docs="the least that is logged",
        default="info",
        choices=LOG_LEVELS,
        metavar="LEVEL",
    )
    reload: bool = setting(
        Panel.DEVELOPMENT,
        "Reload when a Python file below this directory changes.",
        docs="for development: [reload](#new-code) when a Python file below the working directory changes; needs the "
        "extra `reload`",
        default=False,
    )
    reload_dir: tuple[str, ...] = setting(
        Panel.DEVELOPMENT,
        "Reload when one below DIR changes; may be given again.",
        docs="reload when one below this directory changes; may be given several times, and in the variable several "
        "have a `:` between them",
        default=(),
        metavar="DIR",
    )

    def __post_init__(self) -> None:
        check(self)
