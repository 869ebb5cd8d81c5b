"""Requests a minute, by role: fixed windows of sixty seconds, one counter per caller.

The counters live in this process. Ingest routes are never refused: most senders give up on a 429.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from starlette.requests import HTTPConnection

from shared.errors import RateLimited
from shared.tx import Actor

WINDOW_SECONDS = 60
DEFAULT_LIMITS: Mapping[str, int] = {
    "anonymous": 100,
    "viewer": 100,
    "operator": 500,
    "admin": 1000,
    "super_admin": 1000,
}


@dataclass
class RateLimiter:
    """``limits`` maps a role to requests a minute. Callers are told apart by tenant and id, strangers by address."""

    limits: Mapping[str, int] = field(default_factory=lambda: DEFAULT_LIMITS)
    clock: Callable[[], float] = time.time
    _window: int = 0
    _used: dict[str, int] = field(default_factory=dict)

    def check(self, request: HTTPConnection, actor: Actor, *, spend: bool) -> None:
        """Count this request and note the three headers for its response; raises RateLimited over the limit."""
        now = self.clock()
        if (window := int(now // WINDOW_SECONDS)) != self._window:
            self._window, self._used = window, {}
        limit = actor.requests_per_minute or self.limits.get(actor.role, self.limits["viewer"])
        caller = _caller(request, actor)
        used = self._used.get(caller, 0) + spend
        self._used[caller] = used
        reset = (window + 1) * WINDOW_SECONDS
        request.scope.setdefault("response_headers", {}).update(
            {
                "x-ratelimit-limit": str(limit),
                "x-ratelimit-remaining": str(max(0, limit - used)),
                "x-ratelimit-reset": str(reset),
            }
        )
        if spend and used > limit:
            wait = max(1, int(reset - now) + 1)
            raise RateLimited(
                f"More than {limit} requests in a minute; the next is welcome in {wait} s.", retry_after_seconds=wait
            )


def _caller(request: HTTPConnection, actor: Actor) -> str:
    if actor.kind == "anonymous":
        # Apart by operation: a flood of sign-ins must not keep others from refreshing their session.
        operation = getattr(request.scope.get("operation"), "id", "-")
        return f"address:{request.client.host if request.client else '-'}:{operation}"
    return f"{actor.tenant.id if actor.tenant else '-'}:{actor.id}"
