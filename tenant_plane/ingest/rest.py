"""The doors that senders knock at. 2xx only after the commit; 503 when it can't commit; never 429 or 500."""

from uuid import UUID

import structlog
from prometheus_client import Counter
from starlette.requests import Request

from shared.contracts.tenants import Standing
from shared.pages import Page, PageQuery
from shared.tx import Actor, Database, ReadTx, Tenant, WriteTx
from shared.web.operations import Api
from tenant_plane.core.permissions import Permission
from tenant_plane.core.tenancy import system_actor
from tenant_plane.ingest import service
from tenant_plane.ingest.adapters import UnreadablePayload
from tenant_plane.ingest.batcher import Batcher, Refused
from tenant_plane.ingest.errors import AlreadyReplayed, DeadLetterNotFound, MustBeHeld, StillUnreadable
from tenant_plane.ingest.schemas import AlertmanagerAnswer, DeadLetterRead, HeldRead, WebhookAnswer
from tenant_plane.usage.errors import LimitReached
from tenant_plane.usage.schemas import HoldReason

log = structlog.get_logger()
HELD = Counter("opsplane_ingest_held_total", "Bodies that were kept to be processed later", ["reason"])
api = Api(tag="ingest", kind="WebhookAnswer")
MOST_BYTES = 8 * 1024 * 1024
DEFAULT_SOURCE = "webhook"


@api.post("/api/webhook", access="ingest", max_body_bytes=MOST_BYTES)
async def receive_webhook(actor: Actor, request: Request, raw: bytes) -> WebhookAnswer:
    """Send alerts in the sender's own format.

    ``X-Source`` names it: webhook (generic JSON, the default), alertmanager, prometheus, grafana, pagerduty; any
    other name is read as generic JSON. 200 once everything is durable; 202 when the body was kept: as a dead letter,
    since it could not be read, or ``held`` to be processed later, since the tenant is suspended or over its quota.
    """
    return await _receive(actor, request, request.headers.get("x-source", DEFAULT_SOURCE), raw)


@api.post("/webhook", access="ingest", profile="bare", max_body_bytes=MOST_BYTES)
async def receive_root_webhook(actor: Actor, request: Request, raw: bytes) -> WebhookAnswer:
    """The same as /api/webhook, with a bare answer."""
    return await _receive(actor, request, request.headers.get("x-source", DEFAULT_SOURCE), raw)


@api.post("/api/alerts/webhook", access="ingest", profile="bare", max_body_bytes=MOST_BYTES)
async def receive_alertmanager_webhook(actor: Actor, request: Request, raw: bytes) -> AlertmanagerAnswer:
    """Send alerts from a Prometheus Alertmanager (``webhook_configs``)."""
    answer = await _receive(actor, request, "alertmanager", raw)
    incident_ids = dict.fromkeys(outcome.incident_id for outcome in answer.alerts if outcome.incident_id)
    return AlertmanagerAnswer(
        status="held" if answer.held else "ok" if answer.ok else "kept",
        held=answer.held,
        held_id=answer.held_id,
        held_reason=answer.held_reason,
        incident_ids=list(incident_ids),
        alerts=answer.alerts,
        dead_letter_id=answer.dead_letter_id,
    )


async def _receive(actor: Actor, request: Request, source: str, raw: bytes) -> WebhookAnswer:
    actor.require(Permission.ALERTS_INGEST)
    assert actor.tenant is not None, "whoever may ingest belongs to a tenant"
    batcher: Batcher = request.app.state.batcher
    if actor.tenant.standing == Standing.SUSPENDED:
        return await _hold(request, actor, source, raw, HoldReason.SUSPENDED)
    try:
        incoming = service.read_payload(source, raw, sender=actor.name, received_at=request.app.state.clock())
        return WebhookAnswer.of(await batcher.submit(actor.tenant, incoming))
    except MustBeHeld as error:
        return await _hold(request, actor, source, raw, error.reason)
    except (UnreadablePayload, Refused) as error:
        log.warning("dead_letter", source=source, tenant=actor.tenant.id, error=str(error))
        request.scope["answer_status"] = 202
        return await _keep(request.app.state.database, actor.tenant, source, actor.name, raw, str(error))


async def _hold(request: Request, actor: Actor, source: str, raw: bytes, reason: HoldReason) -> WebhookAnswer:
    assert actor.tenant is not None, "whoever may ingest belongs to a tenant"
    database: Database = request.app.state.database
    async with database.write(system_actor(actor.tenant)) as tx:
        held_id = await service.hold_payload(tx, source=source[:64], sender=actor.name, raw=raw, reason=reason)
    HELD.labels(reason).inc()
    request.scope["answer_status"] = 202
    return WebhookAnswer(held=True, held_id=held_id, held_reason=reason)


async def _keep(database: Database, tenant: Tenant, source: str, sender: str, raw: bytes, why: str) -> WebhookAnswer:
    async with database.write(system_actor(tenant)) as tx:
        letter_id = await service.keep_dead_letter(tx, source=source[:64], sender=sender, raw=raw, error=why)
    return WebhookAnswer(ok=False, dead_letter_id=letter_id, error=why)


@api.get("/api/webhook/dead-letter", kind="DeadLetter", plural="entries")
async def list_dead_letters(tx: ReadTx, query: PageQuery) -> Page[DeadLetterRead]:
    """List bodies that could not be read, newest first."""
    return await service.list_dead_letters(tx, query)


@api.get("/api/webhook/held", kind="HeldPayload", plural="entries")
async def list_held(tx: ReadTx, query: PageQuery) -> Page[HeldRead]:
    """List bodies that were kept to be processed later, newest first, each with the reason."""
    return await service.list_held(tx, query)


@api.post(
    "/api/webhook/dead-letter/{letter_id}/replay",
    errors=[DeadLetterNotFound, AlreadyReplayed, StillUnreadable, LimitReached],
)
async def replay_dead_letter(tx: WriteTx, letter_id: UUID) -> WebhookAnswer:
    """Read a dead letter again."""
    return WebhookAnswer.of(await service.replay_dead_letter(tx, letter_id))
