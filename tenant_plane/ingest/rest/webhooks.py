"""Our own doors: any sender's format under its name, and Alertmanager's by its address."""

from starlette.requests import Request

from shared.tx import Actor
from shared.web.operations import Api
from tenant_plane.core.permissions import Permission
from tenant_plane.ingest.adapters import ADAPTERS
from tenant_plane.ingest.rest.receiving import MOST_BYTES, receive
from tenant_plane.ingest.schemas import AdapterList, AlertmanagerAnswer, PostedAlerts, WebhookAnswer

api = Api(tag="ingest", kind="WebhookAnswer")
DEFAULT_SOURCE = "webhook"


@api.post("/api/webhook", access="ingest", max_body_bytes=MOST_BYTES)
async def receive_webhook(actor: Actor, request: Request, raw: bytes) -> WebhookAnswer:
    """Send alerts in the sender's own format.

    ``X-Source`` names it: webhook (generic JSON, the default), alertmanager, prometheus, grafana, pagerduty, opsgenie,
    incidentio, datadog, newrelic, sentry, zabbix, checkmk, pingdom, cloudwatch, azure, gcp; any other name is read as
    generic JSON. 200 once everything is durable; 202 when the body was kept: as a dead letter, since it could not be
    read, or ``held`` to be processed later, since the tenant is suspended or over its quota.
    """
    return (await receive(actor, request, request.headers.get("x-source", DEFAULT_SOURCE), raw)).answer


@api.post("/webhook", access="ingest", profile="bare", max_body_bytes=MOST_BYTES)
async def receive_root_webhook(actor: Actor, request: Request, raw: bytes) -> WebhookAnswer:
    """The same as /api/webhook, with a bare answer."""
    return (await receive(actor, request, request.headers.get("x-source", DEFAULT_SOURCE), raw)).answer


@api.post("/api/webhook/{source}", access="ingest", max_body_bytes=MOST_BYTES)
async def receive_webhook_of(actor: Actor, request: Request, raw: bytes, source: str) -> WebhookAnswer:
    """The same for senders that can set an address and no header: ``/api/webhook/datadog?api_key=…``.

    Zabbix hears 202, the only status that its media type's script takes for a success.
    """
    answer = (await receive(actor, request, source, raw)).answer
    if source.casefold() == "zabbix":
        request.scope["answer_status"] = 202
    return answer


@api.post("/api/alerts/webhook", access="ingest", profile="bare", max_body_bytes=MOST_BYTES)
async def receive_alertmanager_webhook(actor: Actor, request: Request, raw: bytes) -> AlertmanagerAnswer:
    """Send alerts from a Prometheus Alertmanager (``webhook_configs``)."""
    answer = (await receive(actor, request, "alertmanager", raw)).answer
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


@api.get("/api/adapters", kind="AdapterList", profile="bare")
async def list_adapters(actor: Actor) -> AdapterList:
    """List the senders whose formats are read here; the names are those of ``X-Source``."""
    actor.require(Permission.ALERTS_READ)
    return AdapterList(alert_sources=sorted(ADAPTERS.keys() - {"generic"}))


@api.post("/api/v2/alerts", access="ingest", profile="vendor", status=200, max_body_bytes=MOST_BYTES)
async def receive_postable_alerts(actor: Actor, request: Request, raw: bytes) -> PostedAlerts:
    """Send alerts from a Prometheus server itself, as to an Alertmanager (``alerting.alertmanagers``, API v2).

    Prometheus repeats a firing alert every minute or so and counts any 2xx as taken; anything else it drops or sends
    again with the next.
    """
    answer = (await receive(actor, request, "prometheus", raw)).answer
    return PostedAlerts(status="held" if answer.held else "success" if answer.ok else "kept", error=answer.error)
