"""What is to be done on a caller's connection, as steps; and how steps are carried out, with and without ``await``.

An operation is a generator: it yields a step, and is given the first row of its answer, or the driver's error.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Generator, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext
from typing import Any, NamedTuple, TypeAlias, TypeVar

from pooljobs.db.callers.caller_statement import CallerStatement

T = TypeVar("T")
Row: TypeAlias = Sequence[Any]


class Query(NamedTuple):
    """Run a statement with these values."""

    statement: CallerStatement
    values: Sequence[str | None] = ()


class CopyIn(NamedTuple):
    """Send these pieces by COPY. Only for who ``copies``."""

    query: bytes
    pieces: Iterator[bytes]


Operation: TypeAlias = Generator[Query | CopyIn, Row | None, T]


class SyncDriver(ABC):
    """One connection of a caller's.

    Attributes:
        copies: Whether it can COPY in our format now.
    """

    copies = False

    def run(self, operation: Operation[T], *, whole: bool = False) -> T:
        """Carries an operation out in the caller's transaction. ``whole``: where it fails, that is as it
        was before.

        Raises:
            Exception: The driver's, or what the operation makes of it.
        """
        with self.transaction() if whole else nullcontext():
            try:
                step = next(operation)
                while True:
                    try:
                        row = self.execute(step)
                    except Exception as error:  # noqa: BLE001  # which the operation raises, or translates
                        step = operation.throw(error)
                    else:
                        step = operation.send(row)
            except StopIteration as ended:
                result: T = ended.value
                return result

    @abstractmethod
    def execute(self, step: Query | CopyIn) -> Row | None:
        """The first row of the answer, if there is one."""

    def transaction(self) -> AbstractContextManager[Any]:
        """Around what is to be whole. Who cannot copy sends but one statement that changes anything."""
        return nullcontext()


class AsyncDriver(ABC):
    """The same, awaited."""

    copies = False

    async def run(self, operation: Operation[T], *, whole: bool = False) -> T:
        """As ``SyncDriver.run``."""
        async with self.transaction() if whole else nullcontext():
            try:
                step = next(operation)
                while True:
                    try:
                        row = await self.execute(step)
                    except Exception as error:  # noqa: BLE001  # which the operation raises, or translates
                        step = operation.throw(error)
                    else:
                        step = operation.send(row)
            except StopIteration as ended:
                result: T = ended.value
                return result

    @abstractmethod
    async def execute(self, step: Query | CopyIn) -> Row | None:
        """As ``SyncDriver.execute``."""

    def transaction(self) -> AbstractAsyncContextManager[Any]:
        """As ``SyncDriver.transaction``."""
        return nullcontext()


Driver: TypeAlias = SyncDriver | AsyncDriver


def run_on(driver: Driver, operation: Operation[T], *, whole: bool = False) -> T | Awaitable[T]:
    """Carries an operation out; to be awaited if the caller's connection is asynchronous."""
    return driver.run(operation, whole=whole)
