"""Requests a minute: fixed windows of sixty seconds, one counter per caller, shared by all processes of a plane. A key
with a rate of its own has windows of one second, each with a counter in its minute.

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
        minute, limit, caller = self._minute(now), self._limit_of(actor), _caller(connection, actor)
        reset, window = (minute + 1) * MINUTE, "minute"
        if actor.requests_per_second is not None:
            caller, reset, window = f"{caller}:{int(now) % MINUTE}", int(now) + 1, "second"
        used = self._used.get(caller, 0)
        if spend and used <= limit:  # a caller that is known to be over the limit costs no statement
            used = self._used[caller] = used + 1
            counted = await self.counts.add(caller, minute) if self.counts else None
            if counted is not None:
                used = counted
                if minute == self._counted_minute:
                    self._used[caller] = max(counted, self._used.get(caller, 0))
        self._note(connection, limit, used, reset)
        if spend and used > limit:
            wait = max(1, int(reset - now) + 1)
            raise RateLimited(
                f"More than {limit} requests in a {window}; the next is welcome in {wait} s.", retry_after_seconds=wait
            )
        if spend and self.spent is not None:
            self.spent(actor)

    def note_headers(self, connection: HTTPConnection) -> None:
        """For an answer that came before anybody was counted: an unknown path, a wrong method."""
        if "x-ratelimit-limit" not in connection.scope.get("response_headers", {}):
            minute = self._minute(self.clock())
            used = self._used.get(_caller(connection, ANONYMOUS), 0)
            self._note(connection, self._limit_of(ANONYMOUS), used, (minute + 1) * MINUTE)

    async def forget_old(self) -> None:
        """A tick. Windows that are over are of no use to anybody."""
        if self.counts is not None:
            await self.counts.forget_before(int(self.clock() // MINUTE) - 1)

    def _minute(self, now: float) -> int:
        if (minute := int(now // MINUTE)) != self._counted_minute:
            self._counted_minute, self._used = minute, {}
        return minute

    def _limit_of(self, actor: Actor) -> int:
        own = actor.requests_per_second or actor.requests_per_minute
        return own or self.limits.get(actor.role, self.limits["viewer"])

    @staticmethod
    def _note(connection: HTTPConnection, limit: int, used: int, reset: int) -> None:
        connection.scope.setdefault("response_headers", {}).update(
            {
                "x-ratelimit-limit": str(limit),
                "x-ratelimit-remaining": str(max(0, limit - used)),
                "x-ratelimit-reset": str(reset),
            }
        )


def _caller(connection: HTTPConnection, actor: Actor) -> str:
    if actor.kind == "anonymous":
        # Apart by operation: a flood of sign-ins must not keep others from refreshing their session.
        operation = getattr(connection.scope.get("operation"), "id", "-")
        return f"address:{connection.client.host if connection.client else '-'}:{operation}"
    return f"{actor.tenant.id if actor.tenant else '-'}:{actor.id}"
