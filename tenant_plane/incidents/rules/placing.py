"""One batch of alert events, decided in memory: which incident each joins, what is raised, acknowledged or resolved.

Pure: the caller loads the candidates and writes down what comes out (``service/group.py``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from tenant_plane.alerts.rules import SEVERITY_RANK, Change, Severity
from tenant_plane.alerts.schemas import StoredEvent
from tenant_plane.incidents.rules.grouping import (
    AGAIN,
    GroupingRule,
    again_reason,
    first_reason,
    reason_for,
    rule_for,
    title_of,
)
from tenant_plane.incidents.rules.states import ENDED, UNSEEN, Status, reference_of, steps_to


@dataclass(slots=True)
class Candidate:
    """An incident while a batch passes over it."""

    id: UUID
    number: int | None
    title: str
    status: Status
    severity: Severity
    group_key: str | None
    source: str
    service: str | None
    environment: str | None
    description: str
    alert_count: int
    firing_count: int
    last_alert_at: datetime | None
    created: bool = False
    heard: bool = False
    """Only a repeat: nobody needs to look again."""
    changed: bool = False
    """Something that is shown: counts, status, severity."""
    edited: bool = False
    """Something that people edit, too: only this is a new version, or a storm would refuse every If-Match."""
    acknowledged: bool = False
    resolved: bool = False

    @property
    def reference(self) -> str:
        assert self.number is not None, "numbered before any reason is written"
        return reference_of(self.number)


@dataclass(slots=True)
class Entry:
    incident: Candidate
    event_type: str
    payload: dict[str, Any]
    actor: str
    actor_kind: str = "source"


@dataclass(slots=True)
class Joining:
    """An alert that joined an incident; its sentence waits until new incidents have their numbers."""

    stored: StoredEvent
    incident: Candidate
    rule: GroupingRule
    last_alert_at: datetime | None
    again: bool

    @property
    def rule_name(self) -> str:
        return AGAIN[0] if self.again else self.rule.name

    @property
    def confidence(self) -> float:
        return AGAIN[1] if self.again else self.rule.confidence


@dataclass(slots=True)
class Batch:
    now: datetime
    by_id: dict[UUID, Candidate]
    by_key: dict[str, Candidate]
    entries: list[Entry] = field(default_factory=list)
    joinings: list[Joining] = field(default_factory=list)
    placed: list[tuple[Candidate | None, Joining | None]] = field(default_factory=list)


def decide(batch: Batch, stored: Sequence[StoredEvent]) -> None:
    """Place what fired, resolve what ended, in order; everything that came of it stands in the batch.

    An incident whose alerts have all resolved is resolved by their source, also after somebody acknowledged it.
    """
    for item in stored:
        batch.placed.append(_place(batch, item))
    for incident in batch.by_id.values():
        if incident.changed and incident.firing_count <= 0 and incident.status not in ENDED:
            _walk(batch, incident, Status.RESOLVED, f"source:{incident.source}", "all alerts resolved at their source")
            incident.resolved = True


def _place(batch: Batch, item: StoredEvent) -> tuple[Candidate | None, Joining | None]:
    incident = batch.by_id.get(item.alert.incident_id) if item.alert.incident_id else None
    sender = f"source:{item.event.source}"
    if item.change is Change.FIRED:
        joining = _join(batch, item, incident)
        return joining.incident, joining
    if incident is None or incident.status in ENDED:
        return incident, None
    if item.change is Change.REPEATED:
        incident.last_alert_at, incident.heard = batch.now, True
        if item.raised:
            _raise_severity(batch, incident, item, sender)
    elif item.change is Change.RESOLVED:
        incident.firing_count, incident.changed = incident.firing_count - 1, True
        payload = {"alert_id": str(item.alert.id), "name": item.alert.name}
        batch.entries.append(Entry(incident, "alert_resolved", payload, sender))
    elif item.change is Change.ACKNOWLEDGED and incident.status in UNSEEN:
        _walk(batch, incident, Status.ACKNOWLEDGED, sender, "acknowledged at its source")
        incident.acknowledged = True
    return incident, None


def _join(batch: Batch, item: StoredEvent, current: Candidate | None) -> Joining:
    rule, key = rule_for(item.event)
    found = batch.by_key.get(key)
    again = current is not None and current.status not in ENDED
    if current is not None and again:
        incident = current
    elif found is not None and found.last_alert_at is not None and batch.now - found.last_alert_at <= rule.window:
        incident = found
    else:
        incident = _new_incident(item, key)
        batch.by_id[incident.id] = batch.by_key[key] = incident
    joining = Joining(item, incident, rule, incident.last_alert_at, again)
    batch.joinings.append(joining)
    incident.firing_count += 1
    incident.last_alert_at, incident.changed = batch.now, True
    if SEVERITY_RANK[item.event.severity] < SEVERITY_RANK[incident.severity]:
        _raise_severity(batch, incident, item, f"source:{item.event.source}")
    item.alert.incident_id = incident.id
    return joining


def _new_incident(item: StoredEvent, key: str) -> Candidate:
    return Candidate(
        id=uuid7(),
        number=None,
        title=title_of(item.event),
        status=Status.TRIGGERED,
        severity=item.event.severity,
        group_key=key,
        source=item.event.source,
        service=item.event.service,
        environment=item.event.environment,
        description=item.event.description,
        alert_count=0,
        firing_count=0,
        last_alert_at=None,
        created=True,
    )


def _raise_severity(batch: Batch, incident: Candidate, item: StoredEvent, sender: str) -> None:
    """Only ever upwards, and only on news: a person's downgrade survives repeats of the same alert."""
    if SEVERITY_RANK[item.event.severity] < SEVERITY_RANK[incident.severity]:
        payload = {"field": "severity", "from": incident.severity, "to": item.event.severity}
        batch.entries.append(Entry(incident, "field_changed", payload, sender))
        incident.severity = item.event.severity
        incident.changed = incident.edited = True


def _walk(batch: Batch, incident: Candidate, target: Status, sender: str, reason: str) -> None:
    for step in steps_to(incident.status, target) or ():
        payload = {"from": incident.status, "to": step, "reason": reason}
        batch.entries.append(Entry(incident, "status_changed", payload, sender))
        incident.status = step
        incident.changed = incident.edited = True


def sentence(joining: Joining, now: datetime) -> str:
    """Why the alert stands in the incident; new incidents must have their numbers by now."""
    rule, event = joining.rule, joining.stored.event
    if joining.again:
        return again_reason(joining.incident.reference)
    if joining.last_alert_at is None:
        return first_reason(rule, event)
    return reason_for(rule, event, gap=now - joining.last_alert_at, reference=joining.incident.reference)
