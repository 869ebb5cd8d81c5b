"""What listeners hear of incidents: the incident as it stands, once, however often it changed meanwhile."""

from collections.abc import Sequence
from uuid import UUID

from shared.tx import ReadTx, RecordedEvent
from tenant_plane.core.live import LiveMessage
from tenant_plane.core.permissions import Permission
from tenant_plane.incidents import service


async def incidents_changed(tx: ReadTx, events: Sequence[RecordedEvent]) -> list[LiveMessage]:
    newest: dict[UUID, tuple[UUID, bool]] = {}
    for event in events:
        incident_id = UUID(str(event.body["incident_id"]))
        created = newest.get(incident_id, (event.id, False))[1] or bool(event.body["created"])
        newest[incident_id] = (event.id, created)
    found = await service.get_incidents(tx, list(newest))
    return [
        LiveMessage(
            "incident.changed",
            Permission.INCIDENTS_READ,
            {"event_id": str(event_id), "created": created, "incident": found[incident_id].model_dump(mode="json")},
            subject=found[incident_id],
        )
        for incident_id, (event_id, created) in newest.items()
        if incident_id in found
    ]


async def timeline_added(_: ReadTx, events: Sequence[RecordedEvent]) -> list[LiveMessage]:
    ids = dict.fromkeys(str(event.body["incident_id"]) for event in events)
    return [
        LiveMessage("timeline.added", Permission.INCIDENTS_READ, {"incident_id": incident_id}) for incident_id in ids
    ]
