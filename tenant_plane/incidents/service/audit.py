"""What of an incident goes to the audit log: changes by people and keys, with the values before and after."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from shared.fields import rfc3339
from shared.tx import WriteTx
from tenant_plane.incidents.models import Incident
from tenant_plane.incidents.rules import reference_of
from tenant_plane.incidents.schemas import IncidentEdited, IncidentNoted, IncidentOpened

BY_HAND = frozenset({"user", "api_key"})
TOLD = (
    "title",
    "description",
    "severity",
    "status",
    "service",
    "environment",
    "assignee",
    "ci_ids",
    "resolution_notes",
    "resolved_by",
    "snoozed_until",
)


def record(tx: WriteTx, event: IncidentOpened | IncidentEdited | IncidentNoted) -> None:
    if tx.actor.kind in BY_HAND:
        tx.record(event)


@contextmanager
def recorded_edit(tx: WriteTx, incident: Incident) -> Iterator[None]:
    """One entry for all that the block changes; none if it changes nothing of what is told."""
    before = _picture(incident)
    yield
    changes = {
        name: {"from": before[name], "to": value} for name, value in _picture(incident).items() if value != before[name]
    }
    if changes:
        reference = reference_of(incident.number)
        record(tx, IncidentEdited(incident_id=incident.id, reference=reference, changes=changes))


def _picture(incident: Incident) -> dict[str, Any]:
    values = {name: getattr(incident, name) for name in TOLD}
    return {name: rfc3339(value) if isinstance(value, datetime) else value for name, value in values.items()}
