"""PagerDuty: Events API v2 and v1 (as senders talk to PagerDuty) and webhooks v3 (as PagerDuty talks to us).

Formats: PagerDuty's developer documentation, "Events API v2: send an alert event" (event_action, dedup_key, payload
{summary, source, severity, timestamp, component, group, class, custom_details}, links, client_url), "Events API v1"
(event_type, incident_key, description, details) and "Webhooks v3" ({"event": {event_type, occurred_at, data}}).

Identity is dedup_key, which v1 called incident_key. A trigger without one gets a key made of where and what it is
(source, component, group, class; the summary too unless a class is given): return it to the sender as PagerDuty
does, and the resolve sent with it is the same alert. routing_key and service_key are credentials: not part of the
identity, so that a key can be changed during an alert, and blanked in `raw`.
"""

from datetime import datetime

from pydantic import JsonValue

from tenant_plane.alerts.rules import Severity
from tenant_plane.ingest.adapters import finishing, reading
from tenant_plane.ingest.adapters.event import Action, AlertEvent, JsonObject, NotAnAlert, UnreadablePayload

SOURCE = "pagerduty"

_SECRETS = ("routing_key", "service_key")
_PLACES = ("source", "component", "group", "class")
_INCIDENT_EVENTS = {
    "incident.triggered": Action.TRIGGER,
    "incident.reopened": Action.TRIGGER,
    "incident.unacknowledged": Action.TRIGGER,
    "incident.acknowledged": Action.ACKNOWLEDGE,
    "incident.resolved": Action.RESOLVE,
}


def read(payload: JsonValue, received_at: datetime) -> list[AlertEvent]:
    if not isinstance(payload, dict):
        raise UnreadablePayload("expected an object")
    event = payload.get("event")
    if isinstance(event, dict):
        return [_webhook(payload, received_at)]
    if "event_action" in payload or isinstance(payload.get("payload"), dict):
        return [_event_v2(payload, received_at)]
    if "event_type" in payload:
        return [_event_v1(payload, received_at)]
    raise UnreadablePayload("the body has no event, event_action, payload or event_type")


def _event_v2(body: JsonObject, received_at: datetime) -> AlertEvent:
    warnings: list[str] = []
    raw = _without_secrets(reading.clean_object(body, warnings))
    payload = reading.object_in(raw, "payload", warnings)
    if "event_action" not in raw and "severity" not in payload:
        raise NotAnAlert("a change event: it has no event_action and no severity")
    action = _action(raw.get("event_action"), "event_action", warnings)
    details = _details(payload.get("custom_details"), warnings)
    labels = reading.said({key: payload.get(key) for key in _PLACES})
    key = reading.first_text((raw.get("dedup_key"),)) or _made_key(action, payload, "summary")
    return finishing.finish(
        action=action,
        source=SOURCE,
        dedup_fields=reading.identity("dedup_key", key),
        sender_key=labels.get("group"),
        name=reading.first_text((payload.get("summary"),)) or _stand_in(action, key),
        description=_told(details),
        severity=reading.severity_of((payload.get("severity"),), Severity.MEDIUM, warnings),
        service=finishing.service_of(details | labels),
        environment=finishing.environment_of(details),
        labels=labels,
        annotations=details,
        url=_link(raw, "links", warnings),
        occurred_at=reading.time_of(payload.get("timestamp"), "timestamp", received_at, warnings),
        received_at=received_at,
        raw=raw,
        warnings=warnings,
    )


def _event_v1(body: JsonObject, received_at: datetime) -> AlertEvent:
    """v1 has no severity and wakes someone up: high, unless details say otherwise."""
    warnings: list[str] = []
    raw = _without_secrets(reading.clean_object(body, warnings))
    action = _action(raw.get("event_type"), "event_type", warnings)
    details = _details(raw.get("details"), warnings)
    key = reading.first_text((raw.get("incident_key"),)) or _made_key(action, raw, "description")
    return finishing.finish(
        action=action,
        source=SOURCE,
        dedup_fields=reading.identity("dedup_key", key),
        name=reading.first_text((raw.get("description"),)) or _stand_in(action, key),
        description=_told(details),
        severity=reading.severity_of((details.get("severity"),), Severity.HIGH, warnings),
        service=finishing.service_of(details),
        environment=finishing.environment_of(details),
        annotations=details,
        url=_link(raw, "contexts", warnings),
        received_at=received_at,
        raw=raw,
        warnings=warnings,
    )


def _webhook(body: JsonObject, received_at: datetime) -> AlertEvent:
    warnings: list[str] = []
    raw = reading.clean_object(body, warnings)
    event = reading.object_in(raw, "event", warnings)
    event_type = reading.first_text((event.get("event_type"),)).casefold()
    data = event.get("data")
    if not isinstance(data, dict):
        raise UnreadablePayload("the event has no data")
    kind = reading.first_text((data.get("type"),))
    if kind not in ("", "incident", "incident_reference") or (event_type and not event_type.startswith("incident.")):
        raise NotAnAlert("an event about something else than an incident's state")
    action = _INCIDENT_EVENTS.get(event_type)
    if action is None:
        # Escalated, reassigned, priority_updated ...: the incident as it is now.
        action = _action(data.get("status"), "status", warnings)
    key = reading.first_text((data.get("id"), data.get("incident_key")))
    title = reading.first_text((data.get("title"), data.get("summary")))
    service = data.get("service")
    if not isinstance(service, dict):
        service = {"summary": service}
    service_name = reading.first_text((service.get("summary"), service.get("name"), service.get("id")))
    if not key and not title:
        raise UnreadablePayload("the incident has neither an id nor a title")
    happened_at = reading.time_of(event.get("occurred_at"), "occurred_at", received_at, warnings)
    priority = data.get("priority")
    return finishing.finish(
        action=action,
        source=SOURCE,
        dedup_fields=reading.identity("incident", key)
        if key
        else reading.identity("title", title) + reading.identity("service", service_name),
        name=title,
        description=reading.first_text((data.get("description"),)),
        severity=reading.severity_of(
            (priority.get("summary") if isinstance(priority, dict) else priority, data.get("urgency")),
            Severity.MEDIUM,
            warnings,
        ),
        service=service_name or None,
        labels=reading.said({"urgency": data.get("urgency"), "incident_number": data.get("number")}),
        url=reading.url_of((data.get("html_url"),), warnings),
        occurred_at=reading.time_of(data.get("created_at"), "created_at", received_at, warnings) or happened_at,
        ended_at=happened_at,
        received_at=received_at,
        raw=raw,
        warnings=warnings,
    )


def _without_secrets(raw: JsonObject) -> JsonObject:
    return {key: "[removed]" if key in _SECRETS else value for key, value in raw.items()}


def _action(value: JsonValue, what: str, warnings: list[str]) -> Action:
    word = reading.first_text((value,))
    action = reading.action_from(word) if word else None
    if action is None:
        reading.warn(warnings, f"{what} {reading.named(word)} is not known and was read as trigger")
    return action or Action.TRIGGER


def _details(value: JsonValue, warnings: list[str]) -> dict[str, str]:
    """Free form: usually an object of numbers and texts, sometimes one text or a list."""
    if isinstance(value, dict):
        return {key: reading.text_of(item) for key, item in value.items() if item is not None}
    if isinstance(value, str):
        return {"details": value} if value.strip() else {}
    return reading.pairs_of(value, "detail", warnings)


def _told(details: dict[str, str]) -> str:
    """Alertmanager puts its alert list under "firing"; others write a description."""
    return next((details[key] for key in ("description", "details", "message", "firing") if details.get(key)), "")


def _made_key(action: Action, payload: JsonObject, text_key: str) -> str:
    parts = reading.said({key: payload.get(key) for key in _PLACES})
    if "class" not in parts:
        parts[text_key] = reading.first_text((payload.get(text_key),))
    if action is not Action.TRIGGER and not any(parts.values()):
        raise UnreadablePayload("it names no alert: acknowledge and resolve need a dedup_key")
    return reading.digest({**parts})


def _stand_in(action: Action, key: str) -> str:
    return "" if action is Action.TRIGGER else f"PagerDuty alert {key}"


def _link(raw: JsonObject, key: str, warnings: list[str]) -> str | None:
    links = raw.get(key)
    found: list[JsonValue] = (
        [item.get("href") for item in links if isinstance(item, dict)] if isinstance(links, list) else []
    )
    return reading.url_of((*found, raw.get("client_url")), warnings)
