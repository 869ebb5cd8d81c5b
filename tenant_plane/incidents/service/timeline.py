"""Writing down what happened. Every change of an incident leaves an entry in the same transaction."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from shared.tx import WriteTx
from tenant_plane.incidents.models import Incident, TimelineEntry
from tenant_plane.incidents.rules import Status
from tenant_plane.incidents.schemas import IncidentChanged

ACTOR_KINDS = frozenset({"user", "api_key", "source"})


def add_entry(
    tx: WriteTx, incident_id: UUID, event_type: str, payload: Mapping[str, Any], *, occurred_at: datetime | None = None
) -> TimelineEntry:
    entry = TimelineEntry(
        id=uuid7(),
        incident_id=incident_id,
        event_type=event_type,
        actor=tx.actor.name,
        actor_kind=tx.actor.kind if tx.actor.kind in ACTOR_KINDS else "system",
        payload=dict(payload),
        once_key=None,
        occurred_at=occurred_at or tx.now,
        created_at=tx.now,
    )
    tx.session.add(entry)
    return entry


def touch(tx: WriteTx, incident: Incident) -> None:
    """Every write ends here: a new version for ETags, and news for whoever is looking."""
    incident.version += 1
    incident.updated_at = tx.now
    tx.record(IncidentChanged(incident_id=incident.id))


def move(tx: WriteTx, incident: Incident, step: Status, reason: str | None = None) -> None:
    """One step of the state machine; the caller has checked that it is legal."""
    payload = {"from": incident.status, "to": step, **({"reason": reason} if reason else {})}
    add_entry(tx, incident.id, "status_changed", payload)
    incident.status = step
    if step is Status.ACKNOWLEDGED:
        incident.acknowledged_at = incident.acknowledged_at or tx.now
    elif step is Status.RESOLVED:
        incident.resolved_at = tx.now
        incident.snoozed_until = None
    elif step is Status.CLOSED:
        incident.closed_at = tx.now
    elif step is Status.REOPENED:
        incident.resolved_at = incident.resolved_by = incident.resolution_notes = None
