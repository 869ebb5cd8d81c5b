"""What goes through a door, and what the sender hears."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, computed_field
from pydantic_core import from_json

from shared.fields import Timestamp
from shared.tx import AuditedEvent
from tenant_plane.alerts.rules import Change
from tenant_plane.usage.schemas import HoldReason


class AlertOutcome(BaseModel):
    """What became of one alert of a request. ``incident_id`` is null when it needed no incident."""

    alert_id: UUID
    fingerprint: str
    change: Change
    deduplicated: bool
    incident_id: UUID | None
    incident_reference: str | None
    rule: str | None
    group_id: UUID | None
    warnings: list[str]


class WebhookAnswer(BaseModel):
    """The first five fields speak of the request's first alert that has an incident; ``alerts`` has them all.

    ``dedup_strategy`` is ``fingerprint`` for a repeat of a known alert, else the rule that put it into an open
    incident, which is then the ``group_id``. ``dead_letter_id`` is set, and ``ok`` false, when the body could not be
    read and was kept. ``held`` is true, with the reason, when it was kept to be processed later: the tenant is
    suspended, its plan has no room for more events this month, or others that came before it still wait.
    """

    ok: bool = True
    held: bool = False
    held_id: UUID | None = None
    held_reason: HoldReason | None = None
    incident_id: UUID | None = None
    deduplicated: bool = False
    dedup_strategy: str | None = None
    group_id: UUID | None = None
    incident_reference: str | None = None
    alerts: list[AlertOutcome] = []
    dead_letter_id: UUID | None = None
    error: str | None = None

    @classmethod
    def of(cls, outcomes: list[AlertOutcome]) -> "WebhookAnswer":
        first = next((outcome for outcome in outcomes if outcome.incident_id), outcomes[0])
        return cls(
            incident_id=first.incident_id,
            incident_reference=first.incident_reference,
            deduplicated=first.deduplicated,
            dedup_strategy="fingerprint" if first.deduplicated else (first.rule if first.group_id else None),
            group_id=first.group_id,
            alerts=outcomes,
        )


class AlertmanagerAnswer(BaseModel):
    """``rca_triggered`` and ``anomaly_id`` stay false and null until anomalies exist here.

    ``status`` is ``ok``, ``kept`` (as a dead letter) or ``held`` (to be processed later).
    """

    status: str
    held: bool = False
    held_id: UUID | None = None
    held_reason: HoldReason | None = None
    rca_triggered: bool = False
    anomaly_id: str | None = None
    incident_ids: list[UUID] = []
    alerts: list[AlertOutcome] = []
    dead_letter_id: UUID | None = None


class PostedAlerts(BaseModel):
    """``status`` is ``success``, ``kept`` (as a dead letter, with the error) or ``held`` (to be processed later)."""

    status: str
    error: str | None = None


class AdapterList(BaseModel):
    """Log backends, actions and channels are empty until there are any here."""

    alert_sources: list[str]
    log_backends: list[str] = []
    action_providers: list[str] = []
    action_names: list[str] = []
    notification_channels: list[str] = []


class DeadLetterRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    source: str
    sender: str
    error: str
    timestamp: Timestamp
    replayed_at: Timestamp | None
    text: Annotated[str, Field(exclude=True)]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def payload(self) -> JsonValue:
        """As JSON when it is JSON that can be sent on, else the text as it came."""
        try:
            # As strict as the door was: no lone surrogates, no bottomless nesting; and 1e400 is no number in an answer.
            parsed: JsonValue = from_json(self.text, allow_inf_nan=False)
            json.dumps(parsed, allow_nan=False)
        except ValueError:
            return self.text
        return parsed


class DeadLetterReplayed(AuditedEvent):
    kind: ClassVar[str] = "dead_letter.replayed"
    about: ClassVar[str] = "dead_letter:{0.letter_id}"

    letter_id: UUID
    source: str
    sender: str
    alerts: int


class HeldRead(BaseModel):
    """``error``: it was processed and could not be read; it is a dead letter now."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    source: str
    sender: str
    reason: HoldReason
    size_bytes: int
    received_at: Timestamp
    processed_at: Timestamp | None
    error: str | None


@dataclass(frozen=True, slots=True)
class HeldBatch:
    """One turn through what is held. ``more``: another turn would find something."""

    processed: int
    alerts: int
    unreadable: int
    more: bool


@dataclass(slots=True)
class SourceHealth:
    source: str
    last_event_at: datetime
    events_24h: int
    dead_letters_24h: int
