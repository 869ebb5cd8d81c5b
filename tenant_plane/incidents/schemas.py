"""Incident commands in, read models out, events."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Self
from uuid import UUID

from pydantic import MISSING, AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from shared.fields import LongText, ShortText, Text, Timestamp
from shared.pages import PageQuery
from shared.tx import AuditedEvent, Event
from tenant_plane.alerts.rules import PRIORITY, Severity
from tenant_plane.alerts.schemas import AlertRead, SeverityIn
from tenant_plane.incidents.rules import NEXT, State, Status, reference_of

DURATION = r"^(?:\d{1,5}[dhms])+$"
SNOOZE = "snooze"
"""The marks of snoozes that end (core/due.py); the migration's triggers know it by this name."""
Name = Annotated[ShortText, Field(max_length=254)]


def _no_doubles(values: list[str]) -> list[str]:
    return list(dict.fromkeys(values))


CiIds = Annotated[list[Annotated[ShortText, Field(max_length=100)]], Field(max_length=100), AfterValidator(_no_doubles)]


class IncidentCreate(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: ShortText
    severity: SeverityIn
    description: LongText = ""
    source: Name = "manual"
    service: Name | None = None
    environment: Name | None = None
    assignee: Name | None = None
    ci_ids: CiIds = []


class IncidentPatch(BaseModel):
    """What is left out stays as it is; ``null`` empties a field that may be empty."""

    model_config = ConfigDict(extra="forbid")

    title: ShortText | MISSING = MISSING
    description: LongText | MISSING = MISSING
    severity: SeverityIn | MISSING = MISSING
    status: Status | MISSING = MISSING
    service: Name | None | MISSING = MISSING
    environment: Name | None | MISSING = MISSING
    assignee: Name | None | MISSING = MISSING
    ci_ids: CiIds | MISSING = MISSING
    resolution_notes: LongText | None | MISSING = MISSING
    resolved_by: Name | None | MISSING = MISSING


class IncidentResolve(BaseModel):
    model_config = ConfigDict(extra="forbid")

    resolution: LongText | None = None


class Acknowledge(BaseModel):
    model_config = ConfigDict(extra="forbid")


def _duration(value: Any) -> timedelta:
    """Go's notation ("1h30m", "45m"), as ChatOps tools write it."""
    if not isinstance(value, str) or len(value) > 40:  # the longest sum of it must still be a date
        raise ValueError("must look like 30m, 1h or 1h30m")
    units = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
    total, digits = timedelta(), ""
    for char in value:
        if char.isascii() and char.isdigit() and len(digits) < 5:
            digits += char
        elif char in units and digits:
            total, digits = total + timedelta(**{units[char]: int(digits)}), ""
        else:
            raise ValueError("must look like 30m, 1h or 1h30m")
    if digits or not value:
        raise ValueError("must look like 30m, 1h or 1h30m")
    return total


Duration = Annotated[
    timedelta, BeforeValidator(_duration, json_schema_input_type=Annotated[str, Field(pattern=DURATION, max_length=40)])
]
LONGEST_SNOOZE = timedelta(days=30)


class IncidentSnooze(BaseModel):
    """Either for how long, or until when; at most 30 days ahead."""

    model_config = ConfigDict(extra="forbid")

    duration: Duration | None = None
    until: Timestamp | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.duration is None) == (self.until is None):
            raise ValueError("give either duration or until")
        return self


class NoteCreate(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: Annotated[LongText, Field(min_length=1)]
    occurred_at: Timestamp | None = None
    """When it happened, if not now; the entry is marked as set back."""


class IncidentRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    reference: str
    title: str
    description: str
    severity: Severity
    priority: str
    status: Status
    source: str
    service: str | None
    environment: str | None
    assignee: str | None
    ci_ids: list[str]
    alert_count: int
    firing_count: int
    resolution_notes: str | None
    resolved_by: str | None
    snoozed_until: Timestamp | None
    created_at: Timestamp
    updated_at: Timestamp
    acknowledged_at: Timestamp | None
    resolved_at: Timestamp | None
    closed_at: Timestamp | None
    version: int
    next_statuses: list[Status]

    @classmethod
    def of(cls, row: Any) -> "IncidentRead":
        """``row`` has the table's columns: an entity, or a row of a list."""
        status, severity = Status(row.status), Severity(row.severity)
        return cls.model_construct(
            **{name: getattr(row, name) for name in COPIED},
            reference=reference_of(row.number),
            severity=severity,
            priority=PRIORITY[severity],
            status=status,
            next_statuses=list(NEXT[status]),
        )


COPIED = set(IncidentRead.model_fields) - {"reference", "severity", "priority", "status", "next_statuses"}


class TimelineRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    incident_id: UUID
    event_type: str
    actor: str
    actor_kind: str
    payload: dict[str, Any]
    occurred_at: Timestamp
    created_at: Timestamp


class LinkedAlert(AlertRead):
    """An alert of an incident, with the reason why it stands there."""

    rule: str
    reason: str
    confidence: float
    linked_at: Timestamp


class Sort(StrEnum):
    ATTENTION = "attention"
    NEWEST = "newest"
    UPDATED = "updated"


class IncidentFilter(BaseModel):
    status: list[Status] = []
    state: State | None = None
    severity: list[SeverityIn] = []
    service: list[Text] = []
    source: list[Text] = []
    assignee: list[Text] = []
    q: Annotated[Text, Field(max_length=200)] | None = None
    """Words that must all stand in the title, the description, the service or the reference."""


class IncidentQuery(IncidentFilter, PageQuery):
    """``attention``: what nobody has acknowledged first, then by severity, then the newest."""

    sort: Sort = Sort.ATTENTION
    limit: Annotated[int, Field(ge=1, le=5000)] | None = None


class TimelineQuery(PageQuery):
    event_type: list[Text] = []
    limit: Annotated[int, Field(ge=1, le=5000)] | None = None


@dataclass(slots=True)
class Placement:
    """Where an alert event ended up. ``rule`` is None when the event did not need an incident."""

    incident_id: UUID | None
    reference: str | None
    created: bool
    rule: str | None
    joined: bool


@dataclass(slots=True)
class DailyResponse:
    """Medians and 90th percentiles in seconds; None on a day that has nothing to measure."""

    day: datetime
    incidents: int
    mtta_median_seconds: float | None
    mtta_p90_seconds: float | None
    mttr_median_seconds: float | None
    mttr_p90_seconds: float | None


@dataclass(slots=True)
class ResponsePeriod:
    """``acknowledged`` and ``resolved``: how many incidents stand behind the two medians."""

    incidents: int
    acknowledged: int
    resolved: int
    mtta_median_seconds: float | None
    mttr_median_seconds: float | None


@dataclass(slots=True)
class OpenSummary:
    by_severity: Mapping[Severity, int]
    not_acknowledged: int
    last_opened_at: datetime | None
    quiet_since: datetime | None
    opened_24h: int


class IncidentChanged(Event):
    """Pushed to whoever looks at the incident or the list."""

    kind: ClassVar[str] = "incident.changed"
    incident_id: UUID
    created: bool = False


class IncidentTriggered(Event):
    """A new incident; reactions look around for related ones."""

    kind: ClassVar[str] = "incident.triggered"
    incident_id: UUID


class _ByHand(AuditedEvent):
    """What a person or a key did, for the audit log; what alerts and timers do stands in the timeline only."""

    about: ClassVar[str] = "incident:{0.reference}"

    incident_id: UUID
    reference: str


class IncidentOpened(_ByHand):
    kind: ClassVar[str] = "incident.opened"
    title: str
    severity: Severity


class IncidentEdited(_ByHand):
    """``changes``: field to its value before (``from``) and after (``to``)."""

    kind: ClassVar[str] = "incident.edited"
    changes: dict[str, dict[str, Any]]


class IncidentNoted(_ByHand):
    """The text stands in the timeline, which is append-only too."""

    kind: ClassVar[str] = "incident.noted"
    timeline_id: UUID


class TimelineAdded(Event):
    kind: ClassVar[str] = "timeline.added"
    incident_id: UUID
