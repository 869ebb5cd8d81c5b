"""Prometheus Alertmanager: the webhook body, and the alert lists its API takes and gives.

Format: Alertmanager's `webhook_config` documentation (version "4": status, groupKey, truncatedAlerts, alerts with
status, labels, annotations, startsAt, endsAt, generatorURL, fingerprint) and `POST /api/v2/alerts` (postable list: no
status; an alert is over once endsAt has passed). Read too: bodies without version, groupKey or fingerprint.

Identity is Alertmanager's: the fingerprint it computed, else the full label set it would compute it from. That set
does include `severity`: the warning and the critical rule of one pair are two alerts, resolved one by one.
"""

from collections.abc import Iterable
from datetime import datetime

from pydantic import JsonValue

from tenant_plane.alerts.rules import Severity
from tenant_plane.ingest.adapters import finishing, reading
from tenant_plane.ingest.adapters.event import Action, AlertEvent, JsonObject, UnreadablePayload

SOURCE = "alertmanager"

_ENVELOPE = ("status", "groupKey", "commonLabels", "commonAnnotations", "truncatedAlerts")
_OF_ONE_ALERT = ("labels", "annotations", "fingerprint", "startsAt", "endsAt", "generatorURL", "summary")
_GO_ZERO = "0001-01-01T00:00:00Z"


def read(payload: JsonValue, received_at: datetime) -> list[AlertEvent]:
    return read_as(SOURCE, payload, received_at)


def read_as(
    source: str, payload: JsonValue, received_at: datetime, *, url_keys: tuple[str, ...] = ("generatorURL",)
) -> list[AlertEvent]:
    """`url_keys`: where an alert's link is, best first; Grafana sends this format with more of them."""
    notes: list[str] = []
    envelope, items = _split(payload, notes)
    common_labels = reading.pairs_of(envelope.get("commonLabels"), "label", notes)
    common_annotations = reading.pairs_of(envelope.get("commonAnnotations"), "annotation", notes)
    left_out = envelope.get("truncatedAlerts")
    if isinstance(left_out, int) and left_out > 0:
        reading.warn(notes, f"the sender left {left_out} alerts of this group out (max_alerts)")

    events = []
    for item in items:
        # What is odd about the body is said once, at its first alert.
        warnings, notes = notes, []
        raw = reading.clean_object(item, warnings)
        labels = common_labels | reading.pairs_of(raw.get("labels"), "label", warnings)
        annotations = common_annotations | reading.pairs_of(raw.get("annotations"), "annotation", warnings)
        ended_at = reading.time_of(raw.get("endsAt"), "endsAt", received_at, warnings, zero_is_open=True)
        events.append(
            finishing.finish(
                action=_action(raw, envelope, ended_at, received_at, warnings),
                source=source,
                dedup_fields=_identity(raw, labels),
                sender_key=reading.first_text((envelope.get("groupKey"),)) or None,
                name=_name(raw, labels, annotations),
                description=_description(raw, annotations),
                severity=reading.severity_of(
                    (labels.get("severity"), labels.get("priority"), annotations.get("severity"), raw.get("severity")),
                    Severity.MEDIUM,
                    warnings,
                ),
                labels=labels,
                annotations=annotations,
                url=reading.url_of((raw.get(key) for key in url_keys), warnings),
                occurred_at=reading.time_of(
                    raw.get("startsAt", raw.get("activeAt")), "startsAt", received_at, warnings
                ),
                ended_at=ended_at,
                received_at=received_at,
                raw=raw,
                warnings=warnings,
            )
        )
    return events


def _split(payload: JsonValue, notes: list[str]) -> tuple[JsonObject, list[JsonObject]]:
    if isinstance(payload, list):
        return {}, reading.objects_in(payload, notes)
    if not isinstance(payload, dict):
        raise UnreadablePayload("expected an object or a list of alerts")
    alerts = payload.get("alerts")
    envelope = reading.clean_object({key: payload[key] for key in _ENVELOPE if key in payload}, notes)
    if isinstance(alerts, list):
        return envelope, reading.objects_in(alerts, notes)
    if isinstance(alerts, dict):
        reading.warn(notes, "alerts was one object and not a list")
        return envelope, [alerts]
    if any(key in payload for key in _OF_ONE_ALERT):
        return {}, [payload]
    raise UnreadablePayload("the body has neither alerts nor the labels of one alert")


def _action(
    raw: JsonObject, envelope: JsonObject, ended_at: datetime | None, received_at: datetime, warnings: list[str]
) -> Action:
    """The alert's own word, else its end, else the group's word (which is "firing" while any of its alerts is)."""
    status = raw.get("status", raw.get("state"))
    if isinstance(status, dict):  # GET /api/v2/alerts: {"state": "active", "silencedBy": [...], ...}
        status = status.get("state")
    word = reading.first_text((status,))
    if word:
        action = reading.action_from(word)
        if action is not None:
            return action
        reading.warn(warnings, f"status {reading.named(word)} is not known")
    if raw.get("endsAt") not in (None, "", _GO_ZERO):
        return Action.RESOLVE if ended_at is not None and ended_at <= received_at else Action.TRIGGER
    return reading.action_from(reading.first_text((envelope.get("status"),))) or Action.TRIGGER


def _identity(raw: JsonObject, labels: dict[str, str]) -> tuple[str, ...]:
    fingerprint = reading.first_text((raw.get("fingerprint"),))
    if fingerprint:
        return reading.identity("fingerprint", fingerprint)
    if labels.get("alertname"):
        return reading.label_identity(labels)
    # Not Alertmanager's own: without the rule's name its summary stands for it, and severity says nothing of which
    # alert it is.
    others = reading.label_identity({key: value for key, value in labels.items() if key != "severity"})
    name = reading.first_text((raw.get("alertname"), raw.get("name"), raw.get("summary")))
    if name:
        return reading.identity("name", name) + others
    return others or reading.identity("content", reading.digest(raw.get("annotations")))


def _name(raw: JsonObject, labels: dict[str, str], annotations: dict[str, str]) -> str:
    candidates: Iterable[JsonValue] = (
        labels.get("alertname"),
        raw.get("alertname"),
        raw.get("name"),
        annotations.get("summary"),
        raw.get("summary"),
        annotations.get("title"),
        annotations.get("message"),
        annotations.get("description"),
    )
    return reading.first_text(candidates)


def _description(raw: JsonObject, annotations: dict[str, str]) -> str:
    summary = annotations.get("summary") or reading.first_text((raw.get("summary"),))
    long = annotations.get("description") or annotations.get("message") or reading.first_text((raw.get("description"),))
    if not long or long == summary:
        return summary
    return f"{summary}\n\n{long}" if summary else long
