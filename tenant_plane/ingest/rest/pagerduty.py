"""PagerDuty's Events API, so that whoever sends there only changes the address and the key: an API key of ours stands
in the place of the routing key.

Statuses and bodies as PagerDuty's: v2 answers 202 with the dedup_key, v1 200 with the incident_key, and an event that
can't be read 400 "invalid event" (it is a dead letter here all the same).
"""

from pydantic import BaseModel
from starlette.requests import Request

from shared.tx import Actor
from shared.web.operations import Api
from tenant_plane.ingest.rest.receiving import Received, receive

api = Api(tag="ingest", kind="PagerDutyAnswer")
MOST_BYTES = 512 * 1024
"""PagerDuty's own limit."""


class PagerDutyAnswer(BaseModel):
    """``dedup_key`` (v2) and ``incident_key`` (v1) name the alert; PagerDuty makes one when the sender did not."""

    status: str = "success"
    message: str = "Event processed"
    dedup_key: str | None = None
    incident_key: str | None = None
    errors: list[str] | None = None


@api.post(
    "/v2/enqueue", status=202, access="ingest", profile="vendor", key_field="routing_key", max_body_bytes=MOST_BYTES
)
async def enqueue_event(actor: Actor, request: Request, raw: bytes) -> PagerDutyAnswer:
    """Trigger, acknowledge or resolve an alert, as by PagerDuty's Events API v2 (``routing_key`` is an API key)."""
    received = await receive(actor, request, "pagerduty", raw)
    return _refused(request, received) or PagerDutyAnswer(dedup_key=_key(received))


@api.post(
    "/generic/2010-04-15/create_event.json",
    access="ingest",
    profile="vendor",
    key_field="service_key",
    max_body_bytes=MOST_BYTES,
)
async def create_event(actor: Actor, request: Request, raw: bytes) -> PagerDutyAnswer:
    """Trigger, acknowledge or resolve an alert, as by PagerDuty's Events API v1 (``service_key`` is an API key)."""
    received = await receive(actor, request, "pagerduty", raw)
    if (refused := _refused(request, received)) is not None:
        return refused
    request.scope["answer_status"] = 200
    return PagerDutyAnswer(incident_key=_key(received))


def _key(received: Received) -> str | None:
    """Of an event that was read; one that is held unread gets its key when it is processed."""
    return received.incoming[0].event.dedup_fields[1] if received.incoming else None


def _refused(request: Request, received: Received) -> PagerDutyAnswer | None:
    if received.answer.ok:
        return None
    request.scope["answer_status"] = 400
    why = received.answer.error or ""
    return PagerDutyAnswer(status="invalid event", message="Event object is invalid", errors=[why])
