"""Forbidden writes of signed-in callers go to the audit log, bounded: one a minute for each caller and operation.

Who tries a thousand times leaves one entry a minute, so that the log can't be filled; the request log has them all.
Ingest routes are left out. The count is this process'.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import ClassVar

import structlog
from starlette.requests import Request

from shared.errors import AppError, Forbidden
from shared.tx import ANONYMOUS, Actor, AuditedEvent, Event
from shared.web.operations import Operation

log = structlog.get_logger()
SECONDS = 60.0
MOST_REMEMBERED = 10_000


class CallRefused(AuditedEvent):
    kind: ClassVar[str] = "call.refused"
    about: ClassVar[str] = "operation:{0.operation}"
    refused: ClassVar[bool] = True

    operation: str
    code: str
    reason: str
    tenant_id: str | None

    @property
    def audited_tenant(self) -> str | None:
        return self.tenant_id


@dataclass
class Refusals:
    note: Callable[[Actor, Event], Awaitable[None]]
    """``Database.note`` of the plane."""
    clock: Callable[[], float] = time.monotonic
    _noted: dict[tuple[str | None, str, str], float] = field(default_factory=dict)

    async def keep_call(self, request: Request, operation: Operation, error: Forbidden) -> None:
        """Reading what one may not read is no attempt at a change."""
        if operation.method != "GET" and operation.access != "ingest":
            await self.keep(request.scope.get("actor", ANONYMOUS), operation.id, error)

    async def keep(self, actor: Actor, operation: str, error: Forbidden) -> None:
        """Never in the way of the answer: when the entry can't be written, the request log says so."""
        tenant_id = actor.tenant.id if actor.tenant else None
        caller, now = (tenant_id, actor.id, operation), self.clock()
        if actor.kind == "anonymous" or now - self._noted.get(caller, -SECONDS) < SECONDS:
            return
        if len(self._noted) >= MOST_REMEMBERED:
            self._noted = {known: at for known, at in self._noted.items() if now - at < SECONDS}
        self._noted[caller] = now
        event = CallRefused(operation=operation, code=error.code, reason=error.detail, tenant_id=tenant_id)
        try:
            await self.note(actor, event)
        except AppError as failure:
            log.warning("refusal_not_recorded", operation=operation, actor=actor.id, why=failure.detail)
