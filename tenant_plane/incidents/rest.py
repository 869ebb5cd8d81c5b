"""Incidents over REST."""

from typing import Annotated

from pydantic import Field

from shared.pages import Page, PageQuery
from shared.tx import ReadTx, WriteTx
from shared.web.operations import Api
from tenant_plane.incidents import service
from tenant_plane.incidents.errors import AlreadyResolved, ChangedMeanwhile, IllegalMove, IncidentNotFound
from tenant_plane.incidents.schemas import (
    Acknowledge,
    IncidentCreate,
    IncidentPatch,
    IncidentQuery,
    IncidentRead,
    IncidentResolve,
    IncidentSnooze,
    LinkedAlert,
    NoteCreate,
    TimelineQuery,
    TimelineRead,
)
from tenant_plane.usage.errors import LimitReached

api = Api(tag="incidents", kind="Incident", plural="incidents")
Reference = Annotated[
    str, Field(max_length=60, description="The id, or the reference INC-…", examples=["INC-00000001"])
]


@api.get("/api/incidents")
async def list_incidents(tx: ReadTx, query: IncidentQuery) -> Page[IncidentRead]:
    """List incidents.

    Sorted by attention: what nobody has acknowledged first, then by severity, then the newest.
    """
    return await service.list_incidents(tx, query)


@api.post("/api/incidents", status=201, errors=[LimitReached])
async def open_incident(tx: WriteTx, body: IncidentCreate) -> IncidentRead:
    """Open an incident by hand."""
    return await service.open_incident(tx, body)


@api.get("/api/incidents/{reference}", errors=[IncidentNotFound])
async def get_incident(tx: ReadTx, reference: Reference) -> IncidentRead:
    """Read one incident. Its ETag is the version for If-Match."""
    return await service.get_incident(tx, reference)


@api.patch("/api/incidents/{reference}", errors=[IncidentNotFound, IllegalMove, ChangedMeanwhile])
async def update_incident(tx: WriteTx, reference: Reference, body: IncidentPatch, if_match: int | None) -> IncidentRead:
    """Change an incident.

    ``status`` takes one step of the state machine: triggered → open → acknowledged → investigating → resolved →
    closed, and resolved → reopened → investigating; any other step is INVALID_TRANSITION.
    """
    return await service.update_incident(tx, reference, body, if_match)


@api.post("/api/incidents/{reference}/acknowledge", errors=[IncidentNotFound, AlreadyResolved])
async def acknowledge_incident(tx: WriteTx, reference: Reference, body: Acknowledge) -> IncidentRead:
    """Acknowledge: somebody is on it. Walks the state machine and records every step."""
    return await service.acknowledge_incident(tx, reference)


@api.post("/api/incidents/{reference}/resolve", errors=[IncidentNotFound, AlreadyResolved])
async def resolve_incident(tx: WriteTx, reference: Reference, body: IncidentResolve) -> IncidentRead:
    """Resolve. Walks the state machine and records every step; the incident's alerts count as resolved too."""
    return await service.resolve_incident(tx, reference, body)


@api.post("/api/incidents/{reference}/snooze", errors=[IncidentNotFound, AlreadyResolved])
async def snooze_incident(tx: WriteTx, reference: Reference, body: IncidentSnooze) -> IncidentRead:
    """Snooze for a duration ("30m", "1h") or until a time, at most 30 days ahead."""
    return await service.snooze_incident(tx, reference, body)


@api.post(
    "/api/incidents/{reference}/notes", status=201, kind="TimelineEvent", plural="events", errors=[IncidentNotFound]
)
async def add_incident_note(tx: WriteTx, reference: Reference, body: NoteCreate) -> TimelineRead:
    """Add a note to the timeline."""
    return await service.add_note(tx, reference, body)


@api.get("/api/incidents/{reference}/timeline", kind="IncidentTimeline", plural="events", errors=[IncidentNotFound])
async def list_incident_timeline(tx: ReadTx, reference: Reference, query: TimelineQuery) -> Page[TimelineRead]:
    """List what happened, oldest first. Entries are never changed or deleted."""
    return await service.list_timeline(tx, reference, query)


@api.get("/api/incidents/{reference}/alerts", kind="Alert", plural="alerts", errors=[IncidentNotFound])
async def list_incident_alerts(tx: ReadTx, reference: Reference, query: PageQuery) -> Page[LinkedAlert]:
    """List the alerts of an incident, each with the rule and the reason that brought it here."""
    return await service.list_incident_alerts(tx, reference, query)
