"""A process that is killed at a chosen point: before or after a commit, before or after a call to somebody else.

Between two of these points nothing changes anywhere, so one life for each of them is every way to die.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from inspect import iscoroutinefunction
from typing import Any

from shared.tx import Actor, Database, ReadTx, WriteTx


class Killed(BaseException):
    """Not an Exception: nobody catches it, as nobody catches a SIGKILL."""


@dataclass
class Fate:
    """Counts the points that a flow passes, and ends it at one of them."""

    ends_at: int
    passed: int = 0

    def point(self) -> None:
        self.passed += 1
        if self.passed == self.ends_at:
            raise Killed

    @property
    def has_struck(self) -> bool:
        return self.passed >= self.ends_at


def lives(at_least: int, at_most: int = 200) -> Iterator[Fate]:
    """One fate after the other, each a point later, until one life comes to its end; it had ``at_least`` points."""
    for point in range(1, at_most):
        fate = Fate(point)
        yield fate
        if not fate.has_struck:
            assert fate.passed >= at_least, f"only {fate.passed} points"
            return
    raise AssertionError("it never comes to its end")


@dataclass(frozen=True)
class MortalDatabase:
    database: Database
    fate: Fate

    @asynccontextmanager
    async def read(self, actor: Actor) -> AsyncIterator[ReadTx]:
        async with self.database.read(actor) as tx:
            yield tx

    @asynccontextmanager
    async def write(self, actor: Actor) -> AsyncIterator[WriteTx]:
        async with self.database.write(actor) as tx:
            yield tx
            self.fate.point()  # written, not committed
        self.fate.point()


@dataclass(frozen=True)
class MortalCalls:
    """Killed before a call to ``target`` arrives, or when it has done what it was asked, but nobody hears it."""

    target: Any
    fate: Fate

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.target, name)
        if not iscoroutinefunction(found):
            return found

        async def call(*arguments: Any) -> Any:
            self.fate.point()
            answer = await found(*arguments)
            self.fate.point()
            return answer

        return call
