"""JSON from anything: scripts, and senders without an adapter of their own. One object is one alert.

Format: ours (the documentation of POST /api/webhook: title, description, severity, source, namespace, pod,
deployment, service), read with the field names that scripts, Datadog templates, New Relic workflows, Opsgenie clients
and GoAlert's generic API use, in any case.

Identity: the sender's own key if it has one, else the title together with where it is. A sender whose `id` is new in
every message should send `fingerprint`.
"""

from collections.abc import Iterator
from datetime import datetime

from pydantic import JsonValue

from tenant_plane.alerts.rules import Severity
from tenant_plane.ingest.adapters import alertmanager, finishing, reading
from tenant_plane.ingest.adapters.event import Action, AlertEvent, JsonObject, UnreadablePayload

SOURCE = "webhook"

_KEYS = ("fingerprint", "dedup_key", "dedupkey", "dedup", "incident_key", "alias", "id")
_TITLES = ("title", "name", "alertname", "alert_name", "alert_title", "rulename", "rule_name", "summary", "subject")
_MORE_TITLES = ("message", "msg", "check", "text", "description")
_DESCRIPTIONS = ("description", "details", "body", "message", "text", "summary", "output")
_SEVERITIES = ("severity", "priority", "level", "urgency", "alert_priority")
_STATES = ("status", "state", "action", "event_action", "alert_transition", "transition", "event_type")
_STARTS = ("starts_at", "startsat", "started_at", "timestamp", "occurred_at", "created_at", "createdat", "time", "date")
_ENDS = ("ends_at", "endsat", "ended_at", "resolved_at", "closed_at", "closedat")
_LINKS = ("url", "link", "alert_url", "issueurl", "client_url", "generatorurl")
_PLACES = (
    "service",
    "namespace",
    "pod",
    "container",
    "deployment",
    "statefulset",
    "host",
    "hostname",
    "host_name",
    "node",
    "instance",
    "cluster",
    "region",
    "environment",
    "component",
    "check",
    "device",
    "entity",
)
_MORE_LABELS = (
    *finishing.SERVICE_KEYS,
    *finishing.ENVIRONMENT_KEYS,
    "team",
    "project",
    "zone",
    "monitor_id",
)
_LABELS = tuple(dict.fromkeys((*_PLACES, *_MORE_LABELS)))
_CHANGING = frozenset(
    (*_STATES, *_SEVERITIES, *_STARTS, *_ENDS, *_DESCRIPTIONS, *_MORE_TITLES, *_LINKS, "value", "values", "source")
)
_WRAPPERS = ("alert", "incident", "issue")


def read(payload: JsonValue, received_at: datetime, source: str = SOURCE) -> list[AlertEvent]:
    """`source`: the name in the X-Source header. For a plain webhook the body may name the sender itself."""
    notes: list[str] = []
    if isinstance(payload, list):
        items = reading.objects_in(payload, notes)
    elif not isinstance(payload, dict):
        raise UnreadablePayload("expected an object or a list of objects")
    elif isinstance(payload.get("alerts"), list):
        return alertmanager.read_as(source, payload, received_at)
    else:
        items = [payload]
    items = [item for item in items if item]
    if not items:
        raise UnreadablePayload("the object is empty")
    if not any(_says_something(_fields(item)) for item in items):
        raise UnreadablePayload("no title, text, severity or state: this is not an alert")
    events = [_alert(source, items[0], received_at, notes)]
    events.extend(_alert(source, item, received_at, []) for item in items[1:])
    return events


def _alert(source: str, item: JsonObject, received_at: datetime, warnings: list[str]) -> AlertEvent:
    raw = reading.clean_object(item, warnings)
    fields = _fields(raw)
    labels = _labels(fields, warnings)
    title = reading.first_text(fields.get(key) for key in _TITLES)
    name = title or reading.first_text(fields.get(key) for key in _MORE_TITLES)
    if not title and name:
        reading.warn(warnings, "the alert had no title: its text stands for it")
    if source == SOURCE:
        source = reading.first_text((fields.get("source"),)) or source
    return finishing.finish(
        action=_action(fields, warnings),
        source=source,
        dedup_fields=_identity(fields, labels, name),
        name=reading.without_state(name),
        description=_description(fields, name),
        severity=reading.severity_of((fields.get(key) for key in _SEVERITIES), Severity.MEDIUM, warnings),
        labels=labels,
        annotations=reading.pairs_of(_object_or_none(fields.get("annotations")), "annotation", warnings),
        url=reading.url_of((fields.get(key) for key in _LINKS), warnings),
        occurred_at=_time(fields, _STARTS, received_at, warnings),
        ended_at=_time(fields, _ENDS, received_at, warnings),
        received_at=received_at,
        raw=raw,
        warnings=warnings,
    )


def _says_something(fields: JsonObject) -> bool:
    """A deploy event or a report of how something was solved names a service, but says of nothing that it is broken."""
    telling = (*_TITLES, *_MORE_TITLES, *_SEVERITIES, *_STATES, *_KEYS, "labels", "annotations")
    return any(fields.get(key) for key in telling)


def _fields(raw: JsonObject) -> JsonObject:
    """Keys in lower case; an alert inside one wrapper object ({"action": ..., "alert": {...}}) is lifted out."""
    fields = {key.lower(): value for key, value in raw.items()}
    if not any(key in fields for key in _TITLES):
        for key in _WRAPPERS:
            inner = fields.get(key)
            if isinstance(inner, dict) and inner:
                # The wrapper says what happened, so its own words win.
                return {name.lower(): value for name, value in inner.items()} | fields
    return fields


def _labels(fields: JsonObject, warnings: list[str]) -> dict[str, str]:
    labels = reading.pairs_of(fields.get("tags"), "tag", warnings)
    labels |= reading.pairs_of(fields.get("labels"), "label", warnings)
    for key in _LABELS:
        value = fields.get(key)
        if isinstance(value, dict):
            value = reading.first_text((value.get("name"), value.get("summary"), value.get("id")))
        text = reading.first_text((value,))
        if text:
            labels[key] = text
        elif value:
            reading.warn(warnings, f"{key} was a list and was left out")
    return labels


def _identity(fields: JsonObject, labels: dict[str, str], name: str) -> tuple[str, ...]:
    for key in _KEYS:
        value = reading.first_text((fields.get(key),))
        if value:
            return reading.identity(key, value)
    places = tuple(_pairs(labels))
    name = " ".join(reading.without_state(name).split())
    if name:
        return reading.identity("title", name) + places
    if places:
        return places
    lasting: JsonObject = {key: value for key, value in fields.items() if key not in _CHANGING}
    return reading.identity("content", reading.digest(lasting))


def _pairs(labels: dict[str, str]) -> Iterator[str]:
    for key in _PLACES:
        if labels.get(key):
            yield from reading.identity(key, labels[key])


def _action(fields: JsonObject, warnings: list[str]) -> Action:
    for key in _STATES:
        found = reading.action_from(reading.first_text((fields.get(key),)))
        if found is not None:
            return found
    word = reading.first_text((fields.get("status"), fields.get("state")))
    if word:
        reading.warn(warnings, f"status {reading.named(word)} is not known and was read as trigger")
    return Action.TRIGGER


def _description(fields: JsonObject, name: str) -> str:
    for key in _DESCRIPTIONS:
        text = reading.first_text((fields.get(key),))
        if text and text != name:
            return text
    return ""


def _object_or_none(value: JsonValue) -> JsonObject | None:
    return value if isinstance(value, dict) else None


def _time(fields: JsonObject, keys: tuple[str, ...], received_at: datetime, warnings: list[str]) -> datetime | None:
    """The first that is a time; only if none is, the oddities count."""
    odd: list[str] = []
    for key in keys:
        moment = reading.time_of(fields.get(key), key, received_at, odd, zero_is_open=keys is _ENDS)
        if moment is not None:
            for text in odd:
                if "zone" in text:
                    reading.warn(warnings, text)
            return moment
    for text in odd:
        reading.warn(warnings, text)
    return None
