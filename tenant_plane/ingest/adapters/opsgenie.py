"""Opsgenie: an alert as senders create it, and as Opsgenie's webhook tells what happened to one.

Formats: Opsgenie's documentation, "Alert API" (create: message, alias, description, priority, entity, source, tags,
details, note) and "Webhook integration" ({"action": "Create" | "Close" | "Acknowledge" | ..., "alert": {alertId,
alias, message, priority, ...}, "source", "integrationName"}).

Identity is the alias, by which its senders close an alert again; without one Opsgenie makes its own id the alias.
Tags are bare words there, labels of their own here. Priority P1 to P5; P3 when there is none.
"""

from datetime import datetime

from pydantic import JsonValue

from tenant_plane.alerts.rules import Severity
from tenant_plane.ingest.adapters import finishing, reading
from tenant_plane.ingest.adapters.event import Action, AlertEvent, JsonObject, NotAnAlert, UnreadablePayload

SOURCE = "opsgenie"

_ACTIONS = {
    "create": Action.TRIGGER,
    "unacknowledge": Action.TRIGGER,
    "escalate": Action.TRIGGER,
    "acknowledge": Action.ACKNOWLEDGE,
    "close": Action.RESOLVE,
    "delete": Action.RESOLVE,
}


def read(payload: JsonValue, received_at: datetime) -> list[AlertEvent]:
    if not isinstance(payload, dict):
        raise UnreadablePayload("expected an object")
    alert = payload.get("alert")
    if isinstance(alert, dict):
        word = reading.first_text((payload.get("action"),))
        action = _ACTIONS.get(word.casefold())
        if action is None:
            raise NotAnAlert(f"the action {reading.named(word)}, which changes no alert's state")
        return [event_of(payload, alert, action, received_at)]
    return [event_of(payload, payload, Action.TRIGGER, received_at)]


def event_of(body: JsonObject, alert: JsonObject, action: Action, received_at: datetime) -> AlertEvent:
    """``body`` is what is kept as raw, ``alert`` the object in it that has the alert's fields."""
    warnings: list[str] = []
    raw = reading.clean_object(body, warnings)
    fields = reading.clean_object(alert, warnings)
    message = reading.first_text((fields.get("message"),))
    alias = reading.first_text((fields.get("alias"), fields.get("alertId"), fields.get("id")))
    if not alias and not message:
        raise UnreadablePayload("it has neither an alias nor a message")
    details = reading.pairs_of(fields.get("details"), "detail", warnings)
    entity = reading.first_text((fields.get("entity"),))
    priority = reading.first_text((fields.get("priority"),))
    return finishing.finish(
        action=action,
        source=SOURCE,
        dedup_fields=reading.identity("alias", alias) if alias else reading.identity("message", message),
        name=message or f"Opsgenie alert {alias}",
        description=reading.first_text((fields.get("description"),)),
        severity=reading.severity_of((f"P{priority}" if priority.isdigit() else priority,), Severity.MEDIUM, warnings),
        service=finishing.service_of(details) or entity or None,
        environment=finishing.environment_of(details),
        labels=reading.pairs_of(fields.get("tags"), "tag", warnings)
        | reading.said({"entity": entity, "sender": fields.get("source")}),
        annotations=details | reading.said({"note": fields.get("note"), "alias": alias}),
        occurred_at=reading.time_of(fields.get("createdAt"), "createdAt", received_at, warnings),
        ended_at=reading.time_of(fields.get("updatedAt"), "updatedAt", received_at, warnings),
        received_at=received_at,
        raw=raw,
        warnings=warnings,
    )
