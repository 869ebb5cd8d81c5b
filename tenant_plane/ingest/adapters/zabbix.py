"""Zabbix, by a webhook media type.

Format: whatever the media type's script posts, made of Zabbix's macros (Zabbix documentation, "Supported macros").
Read are the names of Zabbix's own webhook templates (event_id, event_name, event_value, event_severity,
event_nseverity, event_update_status, trigger_id, host_name, event_tags) and those of Keep's (id, triggerId, name,
status, value, severity, service, tags, update_action). A macro that Zabbix did not expand stays as it is written
("{EVENT.ID}") and counts as absent.

Identity is the trigger's id, which stands for one condition on one host; else the problem event's id, which the
recovery repeats. Zabbix's scripts want 202, see the door.
"""

import re
from datetime import datetime

from pydantic import JsonValue
from pydantic_core import from_json

from tenant_plane.alerts.rules import Severity
from tenant_plane.ingest.adapters import finishing, reading
from tenant_plane.ingest.adapters.event import Action, AlertEvent, JsonObject, UnreadablePayload

SOURCE = "zabbix"

_TRIGGER = ("triggerid", "trigger_id")
_EVENT = ("id", "event_id", "eventid")
_NAME = ("name", "event_name", "alert_subject", "subject", "trigger_name")
_HOST = ("host", "host_name", "hostname", "host_host", "service")
_MACRO = re.compile(r"\{\$?[A-Z][A-Z0-9_.]*\}")
_SEVERITIES = {
    "notclassified": Severity.INFO,
    "information": Severity.INFO,
    "warning": Severity.LOW,
    "average": Severity.MEDIUM,
    "high": Severity.HIGH,
    "disaster": Severity.CRITICAL,
}
_VALUES = {"0": Action.RESOLVE, "1": Action.TRIGGER}
_BY_NUMBER = tuple(_SEVERITIES.values())


def read(payload: JsonValue, received_at: datetime) -> list[AlertEvent]:
    if not isinstance(payload, dict):
        raise UnreadablePayload("expected an object")
    warnings: list[str] = []
    raw = reading.clean_object(payload, warnings)
    fields: JsonObject = {key.lower(): value for key, value in raw.items() if not _is_macro(value)}
    trigger = reading.first_text(fields.get(key) for key in _TRIGGER)
    event = reading.first_text(fields.get(key) for key in _EVENT)
    name = reading.first_text(fields.get(key) for key in _NAME)
    host = reading.first_text(fields.get(key) for key in _HOST)
    if not trigger and not event and not name:
        raise UnreadablePayload("it names no trigger, no event and no problem")
    return [
        finishing.finish(
            action=_action(fields, warnings),
            source=SOURCE,
            dedup_fields=_identity(trigger, event, name, host),
            name=name or f"Zabbix problem {event or trigger}",
            description=reading.first_text(
                fields.get(key) for key in ("message", "alert_message", "description", "trigger_description")
            ),
            severity=_severity(fields, warnings),
            service=reading.first_text((fields.get("service"), host)) or None,
            labels=_tags(fields.get("tags", fields.get("event_tags")), warnings)
            | reading.said({"host": host, "host_ip": fields.get("host_ip"), "trigger_id": trigger}),
            url=reading.url_of((fields.get("url"), fields.get("zabbix_url")), warnings),
            received_at=received_at,
            raw=raw,
            warnings=warnings,
        )
    ]


def _is_macro(value: JsonValue) -> bool:
    return isinstance(value, str) and _MACRO.fullmatch(value.strip()) is not None


def _identity(trigger: str, event: str, name: str, host: str) -> tuple[str, ...]:
    if trigger:
        return reading.identity("trigger", trigger)
    if event:
        return reading.identity("event", event)
    return reading.identity("name", name) + reading.identity("host", host)


def _action(fields: JsonObject, warnings: list[str]) -> Action:
    """PROBLEM, RESOLVED or OK; else the trigger's value, 1 or 0. An update that acknowledges says so in its action."""
    status = reading.first_text(fields.get(key) for key in ("status", "event_status", "trigger_status"))
    value = reading.first_text(fields.get(key) for key in ("value", "event_value", "trigger_value"))
    update = reading.first_text((fields.get("update_action"), fields.get("event_update_action"))).casefold()
    if (status or value) in _VALUES:
        action = _VALUES[status or value]
    else:
        action = reading.action_of((status,), "status", warnings)
    if action is Action.TRIGGER and "acknowledged" in update and "unacknowledged" not in update:
        return Action.ACKNOWLEDGE
    return action


def _severity(fields: JsonObject, warnings: list[str]) -> Severity:
    word = reading.first_text((fields.get("severity"), fields.get("event_severity"), fields.get("trigger_severity")))
    number = reading.first_text((fields.get("event_nseverity"), fields.get("nseverity"), word))
    if number.isascii() and number.isdigit() and int(number[:2]) < len(_BY_NUMBER):
        return _BY_NUMBER[int(number[:2])]
    found = _SEVERITIES.get("".join(char for char in word.casefold() if char.isalpha()))
    return found or reading.severity_of((word,), Severity.MEDIUM, warnings)


def _tags(value: JsonValue, warnings: list[str]) -> dict[str, str]:
    """{EVENT.TAGSJSON} arrives as JSON in a text: [{"tag": "scope", "value": "capacity"}]."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = reading.clean(from_json(value, allow_inf_nan=False), warnings)
        except ValueError:
            reading.warn(warnings, "the tags were no JSON and were read as text")
    return reading.pairs_of(value, "tag", warnings)
