"""What there is to know of a setting, held by the dataclass field that it is: nothing of it is written elsewhere.

From this the options of ``pooljobs serve`` are made, the variables that stand for them, and the table in
docs/running.md. A field without it is made of others, and nobody gives it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import KW_ONLY, MISSING, Field, dataclass, field, fields
from enum import StrEnum
from typing import Any, Final

from pooljobs.errors import OptionError

_KEY: Final = "setting"


class Panel(StrEnum):
    """A heading of the help, in its order: what people set most comes first."""

    RUNS = "What runs"
    DATABASE = "Database"
    LOG = "Log"
    LIMITS = "Limits of jobs and drains"
    CHILDREN = "Worker processes"
    CLAIMS = "How jobs are claimed"
    DEVELOPMENT = "For development"


@dataclass(frozen=True, slots=True)
class Setting:
    """Everything about a setting but its name, its type and its default, which are the field's.

    Attributes:
        panel: Under which heading the help has it.
        help: What it is, for the help: a few words.
        docs: The same at length, for the table of the documents; in Markdown, with links as seen from ``docs/``.
        unit: What a number counts; in the help it stands for the value.
        metavar: What stands for the value where that is neither a unit nor a choice.
        least: Of a number.
        most: Of a number.
        or_zero: Whether 0 may be given too, which turns it off.
        choices: All values that there are.
        usual: What the default is, or means, where the value does not say it.
        by_app: Whether the application has its own, where none is given.
        variable: What is told of its variable where that is not ``POOLJOBS_`` and its name, and is read elsewhere.
    """

    panel: Panel
    help: str
    _: KW_ONLY
    docs: str
    unit: str = ""
    metavar: str = ""
    least: float | None = None
    most: float | None = None
    or_zero: bool = False
    choices: tuple[str, ...] = ()
    usual: str = ""
    by_app: bool = False
    variable: str = ""

    def check(self, name: str, value: Any) -> None:
        """Refuse a value, by this name, that is out of range or no choice.

        Raises:
            OptionError: That.
        """
        if self.choices and value not in self.choices:
            raise OptionError(f"{name} must be {self.expected}, not {value}")
        if self.least is not None and self.most is not None and not (self.or_zero and value == 0):
            within(name, value, self.least, self.most)

    @property
    def expected(self) -> str:
        """The choices, in words."""
        few = len(self.choices) <= 2  # noqa: PLR2004  # either this or that
        return " or ".join(self.choices) if few else f"one of {', '.join(self.choices)}"

    @property
    def range(self) -> str:
        """Of a number, in words."""
        zero = ", or 0" if self.or_zero else ""
        return f"{self.least:g} to {self.most:.10g}{zero}"


def setting(
    panel: Panel,
    help: str,  # noqa: A002  # reads as an option's
    *,
    docs: str,
    default: Any = MISSING,
    secret: bool = False,
    **more: Any,
) -> Any:
    """A dataclass field that is a setting; ``more`` as in ``Setting``. Without a default it must be given.

    What is ``secret`` is not shown where its class is.
    """
    return field(default=default, repr=not secret, metadata={_KEY: Setting(panel, help, docs=docs, **more)})


def about(each: Field[Any]) -> Setting:
    """What is known of a field that is a setting."""
    known: Setting = each.metadata[_KEY]
    return known


def settings_in(kind: type | Any) -> Iterator[Field[Any]]:
    """The fields of a dataclass, or of an instance of one, that are settings, in their order."""
    return (each for each in fields(kind) if _KEY in each.metadata)


def check(given: Any) -> None:
    """Refuse settings of which one is out of range or no choice.

    Raises:
        OptionError: That.
    """
    for each in settings_in(given):
        about(each).check(each.name, getattr(given, each.name))


def within(name: str, value: float, least: float, most: float) -> None:
    """Refuse a number, by this name, that is less or more.

    Raises:
        OptionError: That.
    """
    if not value >= least:
        raise OptionError(f"{name} must be at least {least:g}, not {value:g}")
    if value > most:
        raise OptionError(f"{name} must be at most {most:.10g}, not {value:g}")
