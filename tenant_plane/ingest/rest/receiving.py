"""What every door does with a body: 2xx only after the commit; 503 when it can't commit; never 429 or 500."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from prometheus_client import Counter
from starlette.requests import Request

from shared.contracts.tenants import Standing
from shared.errors import AppError
from shared.tx import Actor, Database, Tenant
from tenant_plane.alerts.schemas import IncomingAlert
from tenant_plane.core.permissions import Permission
from tenant_plane.core.tenancy import system_actor
from tenant_plane.ingest import service
from tenant_plane.ingest.adapters import UnreadablePayload, adapter_for
from tenant_plane.ingest.batcher import Batcher, Refused
from tenant_plane.ingest.errors import MustBeHeld
from tenant_plane.ingest.schemas import WebhookAnswer
from tenant_plane.usage.schemas import HoldReason

log = structlog.get_logger()
HELD = Counter("opsplane_ingest_held_total", "Bodies that were kept to be processed later", ["reason"])
MOST_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Received:
    """``incoming`` is empty for a body that was kept as a dead letter, or held unread."""

    answer: WebhookAnswer
    incoming: Sequence[IncomingAlert] = ()


async def receive(actor: Actor, request: Request, source: str, raw: bytes) -> Received:
    """Raises Unavailable when nothing was kept and the sender is to try again. Sets 202 for what was kept."""
    actor.require(Permission.ALERTS_INGEST)
    source, _ = adapter_for(source)
    assert actor.tenant is not None, "whoever may ingest belongs to a tenant"
    batcher: Batcher = request.app.state.batcher
    if actor.tenant.standing == Standing.SUSPENDED:
        return await _hold(request, actor, source, raw, HoldReason.SUSPENDED)
    try:
        incoming = service.read_payload(source, raw, sender=actor.name, received_at=request.app.state.clock())
        return Received(WebhookAnswer.of(await batcher.submit(actor.tenant, incoming)), incoming)
    except MustBeHeld as error:
        return await _hold(request, actor, source, raw, error.reason)
    except (UnreadablePayload, Refused) as error:
        log.warning("dead_letter", source=source, tenant=actor.tenant.id, error=str(error))
        request.scope["answer_status"] = 202
        return await _keep(request, actor.tenant, source, actor.name, raw, str(error))
    except AppError:
        raise
    except Exception as error:  # a bug of an adapter must not cost the alert
        log.error("adapter_failed", source=source, tenant=actor.tenant.id, exc_info=error)
        request.scope["answer_status"] = 202
        return await _keep(request, actor.tenant, source, actor.name, raw, f"{type(error).__name__} while reading it")


async def _hold(request: Request, actor: Actor, source: str, raw: bytes, reason: HoldReason) -> Received:
    assert actor.tenant is not None, "whoever may ingest belongs to a tenant"
    database: Database = request.app.state.database
    raw = _without_key(request, raw)
    async with database.write(system_actor(actor.tenant)) as tx:
        held_id = await service.hold_payload(tx, source=source, sender=actor.name, raw=raw, reason=reason)
    HELD.labels(reason).inc()
    request.scope["answer_status"] = 202
    return Received(WebhookAnswer(held=True, held_id=held_id, held_reason=reason))


async def _keep(request: Request, tenant: Tenant, source: str, sender: str, raw: bytes, why: str) -> Received:
    database: Database = request.app.state.database
    raw = _without_key(request, raw)
    async with database.write(system_actor(tenant)) as tx:
        letter_id = await service.keep_dead_letter(tx, source=source, sender=sender, raw=raw, error=why)
    return Received(WebhookAnswer(ok=False, dead_letter_id=letter_id, error=why))


def _without_key(request: Request, raw: bytes) -> bytes:
    """An API key that stands in a body is not to be read in a dead letter. It was read from there, so it is JSON."""
    key = request.scope.get("key_in_body")
    return raw if key is None else raw.replace(key.encode(), b"[removed]")
