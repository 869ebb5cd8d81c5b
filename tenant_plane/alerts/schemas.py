"""Alert events in, alerts out."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, ClassVar, TypeAlias
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

from shared.fields import Text, Timestamp
from shared.pages import PageQuery
from shared.tx import Event
from tenant_plane.alerts.rules import Action, AlertStatus, Change, Severity, severity_from

JsonObject: TypeAlias = dict[str, JsonValue]


def _read_severity(value: Any) -> Any:
    return (severity_from(value) or value) if isinstance(value, str) else value


SeverityIn = Annotated[Severity, BeforeValidator(_read_severity)]
"""Reads ``critical``, ``P1`` and ``SEV1`` alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertEvent:
    """One alert as its sender told it, cleaned so that Postgres takes it and bounded so that a screen can show it.

    A frozen dataclass and not a Pydantic model: ingestion is the hot path, and the adapters already guarantee what
    validation would check a second time. An acknowledge or resolve often carries nothing but its identity (PagerDuty
    Events): its name, severity and labels are then stand-ins, and the stored alert keeps those of its trigger.
    """

    action: Action
    source: str
    """As the sender names itself. Not part of the identity: a resolve may leave it out."""
    dedup_fields: tuple[str, ...]
    """Alternating names and values that identify the alert for this sender; equal for its trigger and its resolve."""
    sender_key: str | None
    """The sender's own group: Alertmanager's groupKey, PagerDuty's payload.group."""
    name: str
    description: str
    severity: Severity
    service: str | None
    environment: str | None
    labels: dict[str, str]
    annotations: dict[str, str]
    url: str | None
    """Absolute http or https, or nothing."""
    occurred_at: datetime
    """UTC. When it started, where the sender says so; else when it was received."""
    ended_at: datetime | None
    """UTC, never before ``occurred_at``. Set exactly when the action is RESOLVE."""
    raw: JsonObject
    """That single alert as sent, unknown fields included; credentials in it are blanked."""
    warnings: tuple[str, ...]
    """What was odd and how it was read, in words for the person who set the sender up."""


@dataclass(frozen=True, slots=True)
class IncomingAlert:
    """An event at the door: which alert it speaks of, and whose credential brought it."""

    fingerprint: str
    event: AlertEvent
    sender: str


@dataclass(slots=True)
class AlertState:
    """An alert as ingestion sees it: the little that decides, without its texts."""

    id: UUID
    fingerprint: str
    status: AlertStatus | None
    severity: Severity
    name: str
    source: str
    service: str | None
    environment: str | None
    incident_id: UUID | None


@dataclass(slots=True)
class StoredEvent:
    """What one event did. ``raised`` is true when the event is worse than anything its alert said before."""

    event: AlertEvent
    alert: AlertState
    change: Change
    raised: bool


@dataclass(slots=True)
class AlertLink:
    """The incident an alert now belongs to, and why."""

    alert_id: UUID
    incident_id: UUID
    incident_reference: str
    rule: str
    reason: str
    confidence: float


class AlertRead(BaseModel):
    """One alert: everything a sender said under the same fingerprint, as it stands now."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    fingerprint: str
    source: str
    name: str
    description: str
    severity: Severity
    status: AlertStatus
    service: str | None
    environment: str | None
    labels: dict[str, str]
    annotations: dict[str, str]
    occurrences: int
    first_seen_at: Timestamp
    last_seen_at: Timestamp
    starts_at: Timestamp
    ends_at: Timestamp | None
    url: str | None
    incident_id: UUID | None
    incident_reference: str | None
    link_rule: str | None
    link_reason: str | None
    warnings: list[str]


class AlertEventRead(BaseModel):
    """One event as it arrived. ``sender`` is the credential that brought it, ``raw`` the alert in the sender's own
    words.
    """

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    alert_id: UUID
    action: Action
    change: Change
    sender: str
    occurred_at: Timestamp
    received_at: Timestamp
    raw: dict[str, Any]


class AlertFilter(BaseModel):
    status: list[AlertStatus] = []
    severity: list[SeverityIn] = []
    source: list[Text] = []
    service: list[Text] = []
    incident_id: UUID | None = None
    q: Annotated[Text, Field(max_length=200)] | None = None
    """Words that must all stand in the name, the service or the description."""
    label: list[Text] = []
    """``key:value`` pairs that must all be among the labels."""


class AlertQuery(AlertFilter, PageQuery):
    """Newest ``last_seen_at`` first."""


@dataclass(slots=True)
class NoisyService:
    service: str
    alerts: int
    incidents: int
    auto_resolved_within_5_minutes: int


@dataclass(slots=True)
class AlertTotals:
    firing: int
    events_24h: int
    duplicates_24h: int
    by_source: list[tuple[str, datetime, int]] = field(default_factory=list)


class AlertsChanged(Event):
    """Some alerts changed; whoever shows alerts reads them again. One per batch, however many alerts are in it."""

    kind: ClassVar[str] = "alerts.changed"
    count: int
