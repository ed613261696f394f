"""What a type checker knows of a handler: its parameters ``P``, what it returns ``R``, how it may be called, ``C``.

They default to anything, ``C`` to ``P``: ``Task`` alone is a task of any handler. Python knows such defaults from 3.13
on, type checkers in any version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Protocol

if TYPE_CHECKING:
    from typing_extensions import ParamSpec, TypeVar

    P = ParamSpec("P", default=...)
    R = TypeVar("R", default=Any)
    C = ParamSpec("C", default=P)

    class _DataClass(Protocol):
        __dataclass_fields__: ClassVar[dict[str, Any]]

    class _Model(Protocol):
        @classmethod
        def model_validate(cls, obj: Any) -> Any: ...

    M = TypeVar("M", bound=_DataClass | _Model | list[Any] | tuple[Any, ...])
    M_contra = TypeVar("M_contra", contravariant=True)

    class TakesOne(Protocol[M_contra]):
        """A task whose handler can be called with one argument by position; of such, a whole payload can be M."""

        def _takes(self, item: M_contra, /) -> object: ...

else:
    from typing import ParamSpec, TypeVar

    P = ParamSpec("P")
    R = TypeVar("R")
    C = ParamSpec("C")
