"""Datadog monitors, by the Webhooks integration.

Format: a JSON template of the person's own with Datadog's variables in it (Datadog documentation, "Webhooks",
"Variables"). Read are the default template (id, title, body, event_type, date, last_updated, org) and the names that
templates in the wild give to $ALERT_ID, $ALERT_SCOPE, $ALERT_TRANSITION, $ALERT_TYPE, $ALERT_PRIORITY, $TAGS, $LINK,
$AGGREG_KEY. A variable that Datadog did not know stays as it is written, and counts as absent.

Identity is the monitor and the scope it fired for, all parts of it. `id` is the event's, new in every message. Without
a monitor's id the title stands for it, without the "[Triggered on {host:a}]" before it, whose scope is kept.
"""

import re
from datetime import datetime

from pydantic import JsonValue

from tenant_plane.alerts.rules import Severity
from tenant_plane.ingest.adapters import finishing, reading
from tenant_plane.ingest.adapters.event import Action, AlertEvent, JsonObject, UnreadablePayload

SOURCE = "datadog"

_MONITOR = ("monitor_id", "alert_id", "aggreg_key", "aggregation_key", "alert_cycle_key")
_SCOPE = ("scopes", "scope", "alert_scope")
_TRANSITION = ("alert_transition", "transition", "alert_status", "status")
_VARIABLE = re.compile(r"\$[A-Z][A-Z0-9_]*(\[[^\]]*\])?")
_PREFIX = re.compile(r"\[(?:P[1-5]|(?P<state>[A-Za-z -]{2,20}?)(?: on \{(?P<scope>[^}]*)\})?)\]\s*")
MOST_TITLE = 4 * finishing.NAME_LENGTH
"""Each prefix costs a copy of what follows; a title is shown with far less."""
_TYPES = {"error": Severity.HIGH, "warning": Severity.MEDIUM, "success": Severity.INFO, "info": Severity.INFO}


def read(payload: JsonValue, received_at: datetime) -> list[AlertEvent]:
    notes: list[str] = []
    items = reading.objects_in(payload, notes) if isinstance(payload, list) else [payload]
    events = []
    for item in items:
        if not isinstance(item, dict):
            raise UnreadablePayload("expected an object")
        events.append(_alert(item, received_at, notes))
        notes = []
    return events


def _alert(body: JsonObject, received_at: datetime, warnings: list[str]) -> AlertEvent:
    raw = reading.clean_object(body, warnings)
    fields: JsonObject = {key.lower(): value for key, value in raw.items() if not _is_variable(value)}
    state, scope, title = _title(reading.first_text((fields.get("title"), fields.get("alert_title"))))
    scope = _scope_of(fields) or scope
    monitor = reading.first_text(fields.get(key) for key in _MONITOR)
    if not monitor and not title:
        raise UnreadablePayload("neither a monitor_id nor a title: this is no monitor's message")
    tags = reading.pairs_of(fields.get("tags"), "tag", warnings)
    return finishing.finish(
        action=_action(fields, state, warnings),
        source=SOURCE,
        dedup_fields=(reading.identity("monitor", monitor) if monitor else reading.identity("title", title))
        + (reading.identity("scope", scope) if scope else ()),
        name=title or f"Datadog monitor {monitor}",
        description=reading.first_text((fields.get("body"), fields.get("message"), fields.get("description"))),
        severity=_severity(fields, warnings),
        labels=reading.pairs_of(scope, "scope", warnings) | tags | reading.said({"monitor_id": monitor}),
        annotations=reading.said({"query": fields.get("alert_query", fields.get("query"))}),
        url=reading.url_of((fields.get("url"), fields.get("link")), warnings),
        occurred_at=reading.time_of(
            fields.get("last_updated", fields.get("date")), "last_updated", received_at, warnings
        ),
        received_at=received_at,
        raw=raw,
        warnings=warnings,
    )


def _is_variable(value: JsonValue) -> bool:
    return isinstance(value, str) and _VARIABLE.fullmatch(value.strip()) is not None


def _title(title: str) -> tuple[str, str, str]:
    """The state and the scope that stand before a title, and what is left of it.

    Only a priority may come before or after the state: a bracket behind it belongs to the monitor's own name.
    """
    state = scope = ""
    title = title[:MOST_TITLE]
    while (match := _PREFIX.match(title)) and match.end() < len(title):
        if match["state"]:
            if state or _transition(match["state"]) is None:
                break
            state, scope = match["state"], match["scope"] or ""
        title = title[match.end() :]
    return state, scope, title


def _transition(word: str) -> Action | None:
    """Triggered, Warn, No Data, Renotify and each with "Re-" before it; Recovered."""
    return reading.action_from(word) or (
        Action.TRIGGER if word.casefold().removeprefix("re-") in ("warn", "triggered", "no data") else None
    )


def _action(fields: JsonObject, state: str, warnings: list[str]) -> Action:
    """The first word that is a transition, of the fields and then of the title: $ALERT_STATUS is a whole sentence."""
    words = [word for key in _TRANSITION if (word := reading.first_text((fields.get(key),)))] + [state]
    found = next((action for word in words if (action := _transition(word)) is not None), None)
    if found is None and words[0]:
        reading.warn(warnings, f"alert_transition {reading.named(words[0])} is not known and was read as trigger")
    return found or Action.TRIGGER


def _scope_of(fields: JsonObject) -> str:
    """A list's order says nothing, so it must not make another identity."""
    for key in _SCOPE:
        value = fields.get(key)
        parts = value if isinstance(value, list) else [value]
        if texts := sorted(text for part in parts if (text := reading.first_text((part,)))):
            return ",".join(texts)
    return ""


def _severity(fields: JsonObject, warnings: list[str]) -> Severity:
    """The monitor's priority, which is a word (P1) or a number (1); else how Datadog colours the event."""
    priority = reading.first_text((fields.get("priority"), fields.get("severity"), fields.get("alert_priority")))
    if priority.isdigit():
        priority = f"P{priority}"
    default = _TYPES.get(reading.first_text((fields.get("alert_type"),)).casefold(), Severity.MEDIUM)
    return reading.severity_of((priority,), default, warnings)
