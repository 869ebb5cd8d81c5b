"""Requests a minute: fixed windows of sixty seconds, one counter per caller, shared by all processes of a plane. A key
with a rate of its own has windows of one second besides, each with a counter in its minute, and is bound by both.

While the database is away this process counts alone. Ingest routes are never refused: most senders give up on a 429.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from starlette.requests import HTTPConnection

from shared.errors import RateLimited
from shared.tx import ANONYMOUS, Actor
from shared.web.counts import SharedCounts

MINUTE = 60
DEFAULT_LIMITS: Mapping[str, int] = {
    "anonymous": 100,
    "viewer": 100,
    "operator": 500,
    "admin": 1000,
    "super_admin": 1000,
}


@dataclass(frozen=True, slots=True)
class Window:
    """``counter`` is the name under which its requests are counted, ``reset_at`` its end in seconds since 1970."""

    name: str
    counter: str
    limit: int
    reset_at: int


@dataclass
class RateLimiter:
    """``limits`` maps a role to requests a minute, for actors that bring no limit of their own. Callers are told apart
    by tenant and id, strangers by address. ``spent`` hears of every request that was let through.
    """

    limits: Mapping[str, int] = field(default_factory=lambda: DEFAULT_LIMITS)
    clock: Callable[[], float] = time.time
    counts: SharedCounts | None = None
    spent: Callable[[Actor], None] | None = None
    _counted_minute: int = 0
    _used: dict[str, int] = field(default_factory=dict)
    """What this process knows of the current minute; never more than is true."""

    async def check(self, connection: HTTPConnection, actor: Actor, *, spend: bool) -> None:
        """Count this request and note the three headers for its response; raises RateLimited over the limit."""
        now = self.clock()
        minute = self._minute(now)
        windows = self._windows(_caller(connection, actor), actor, now)
        left = [window.limit - self._used.get(window.counter, 0) for window in windows]
        over = spend and min(left) <= 0
        if spend and not over:  # a caller that is known to have no room costs no statement
            used = await self._count([window.counter for window in windows], minute)
            left = [window.limit - number for window, number in zip(windows, used, strict=True)]
            over = min(left) < 0
        # The window that is nearer to its end of room; of two without any, the one that ends later.
        told, room = min(zip(windows, left, strict=True), key=lambda it: (max(0, it[1]), -it[0].reset_at))
        self._note(connection, told, room)
        if over:
            wait = max(1, int(told.reset_at - now) + 1)
            raise RateLimited(
                f"More than {told.limit} requests in a {told.name}; the next is welcome in {wait} s.",
                retry_after_seconds=wait,
            )
        if spend and self.spent is not None:
            self.spent(actor)

    def note_headers(self, connection: HTTPConnection) -> None:
        """For an answer that came before anybody was counted: an unknown path, a wrong method."""
        if "x-ratelimit-limit" not in connection.scope.get("response_headers", {}):
            now = self.clock()
            self._minute(now)
            (window,) = self._windows(_caller(connection, ANONYMOUS), ANONYMOUS, now)
            self._note(connection, window, window.limit - self._used.get(window.counter, 0))

    async def forget_old(self) -> None:
        """A tick. Windows that are over are of no use to anybody."""
        if self.counts is not None:
            await self.counts.forget_before(int(self.clock() // MINUTE) - 1)

    def _minute(self, now: float) -> int:
        if (minute := int(now // MINUTE)) != self._counted_minute:
            self._counted_minute, self._used = minute, {}
        return minute

    def _windows(self, caller: str, actor: Actor, now: float) -> list[Window]:
        limit = actor.requests_per_minute or self.limits.get(actor.role, self.limits["viewer"])
        windows = [Window("minute", caller, limit, int(now // MINUTE + 1) * MINUTE)]
        if actor.requests_per_second is not None:
            second = int(now)
            windows.append(Window("second", f"{caller}:{second % MINUTE}", actor.requests_per_second, second + 1))
        return windows

    async def _count(self, counters: list[str], minute: int) -> list[int]:
        """How many that makes in each; by this process' knowledge while the shared counts are away."""
        for counter in counters:
            self._used[counter] = self._used.get(counter, 0) + 1
        alone = [self._used[counter] for counter in counters]
        counted = await self.counts.add(counters, minute) if self.counts else None
        if counted is not None and minute == self._counted_minute:
            for counter, number in zip(counters, counted, strict=True):
                self._used[counter] = max(number, self._used.get(counter, 0))
        return counted or alone

    @staticmethod
    def _note(connection: HTTPConnection, window: Window, left: int) -> None:
        connection.scope.setdefault("response_headers", {}).update(
            {
                "x-ratelimit-limit": str(window.limit),
                "x-ratelimit-remaining": str(max(0, left)),
                "x-ratelimit-reset": str(window.reset_at),
            }
        )


def _caller(connection: HTTPConnection, actor: Actor) -> str:
    if actor.kind == "anonymous":
        # Apart by operation: a flood of sign-ins must not keep others from refreshing their session.
        operation = getattr(connection.scope.get("operation"), "id", "-")
        return f"address:{connection.client.host if connection.client else '-'}:{operation}"
    return f"{actor.tenant.id if actor.tenant else '-'}:{actor.id}"
