"""incident.io's HTTP alert sources: the address names a source there, which is nothing here; the key is ours."""

from uuid import UUID

from pydantic import BaseModel
from starlette.requests import Request

from shared.tx import Actor
from shared.web.operations import Api
from tenant_plane.ingest.rest.receiving import MOST_BYTES, receive

api = Api(tag="ingest", kind="IncidentIoAnswer")


class IncidentIoAnswer(BaseModel):
    status: str
    message: str
    deduplication_key: str | None = None
    dead_letter_id: UUID | None = None


@api.post(
    "/v2/alert_events/http/{alert_source_id}",
    status=202,
    access="ingest",
    profile="vendor",
    max_body_bytes=MOST_BYTES,
)
async def create_alert_event(actor: Actor, request: Request, raw: bytes, alert_source_id: str) -> IncidentIoAnswer:
    """Send an alert event, as to incident.io's API v2."""
    received = await receive(actor, request, "incidentio", raw)
    if not received.answer.ok:
        request.scope["answer_status"] = 422
        return IncidentIoAnswer(
            status="error", message=received.answer.error or "", dead_letter_id=received.answer.dead_letter_id
        )
    key = received.incoming[0].event.dedup_fields[1] if received.incoming else None
    return IncidentIoAnswer(status="success", message="Event accepted for processing", deduplication_key=key)
