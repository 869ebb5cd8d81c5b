"""Grafana: unified alerting (version 8 and later) and the legacy dashboard alerts before it.

Unified is Alertmanager's webhook format plus dashboardURL, panelURL, silenceURL, values and valueString per alert
(Grafana documentation, "Webhook notifier"). Its fingerprint is kept as it comes: Grafana computes it from more labels
than it sends.

Legacy is one object per rule: title, ruleId, ruleName, ruleUrl, state (alerting, ok, no_data, pending, paused),
message, evalMatches, tags; later also orgId, dashboardId, panelId. The rule is the alert.
"""

from dataclasses import replace
from datetime import datetime

from pydantic import JsonValue

from tenant_plane.alerts.rules import Severity
from tenant_plane.ingest.adapters import alertmanager, finishing, reading
from tenant_plane.ingest.adapters.event import AlertEvent, JsonObject, UnreadablePayload

SOURCE = "grafana"

_URL_KEYS = ("panelURL", "dashboardURL", "generatorURL")
_ABOUT_THE_DATASOURCE = ("DatasourceNoData", "DatasourceError")
_LEGACY = ("ruleId", "ruleName", "ruleUrl", "evalMatches")


def read(payload: JsonValue, received_at: datetime) -> list[AlertEvent]:
    if isinstance(payload, dict) and "alerts" not in payload:
        if any(key in payload for key in _LEGACY):
            return [_legacy(payload, received_at)]
        if "labels" not in payload:
            raise UnreadablePayload("the body has neither alerts (unified) nor a rule (legacy)")
    events = alertmanager.read_as(SOURCE, payload, received_at, url_keys=_URL_KEYS)
    return [_named_by_rule(event) if event.name in _ABOUT_THE_DATASOURCE else event for event in events]


def _named_by_rule(event: AlertEvent) -> AlertEvent:
    """Grafana renames an alert without data; which rule it was is in a label."""
    rule = event.labels.get("rulename")
    return replace(event, name=f"{event.name}: {rule}"[: finishing.NAME_LENGTH]) if rule else event


def _legacy(payload: JsonObject, received_at: datetime) -> AlertEvent:
    warnings: list[str] = []
    raw = reading.clean_object(payload, warnings)
    labels = reading.pairs_of(raw.get("tags"), "tag", warnings)
    matches = raw.get("evalMatches")
    if isinstance(matches, list) and len(matches) == 1 and isinstance(matches[0], dict):
        labels = reading.pairs_of(matches[0].get("tags"), "tag", warnings) | labels
    name = reading.first_text((raw.get("ruleName"),))
    if not name:
        name = reading.without_state(reading.first_text((raw.get("title"),)))
    return finishing.finish(
        action=reading.action_of((raw.get("state"),), "state", warnings),
        source=SOURCE,
        dedup_fields=_rule(raw, name),
        name=name,
        description=reading.first_text((raw.get("message"),)),
        severity=reading.severity_of((labels.get("severity"), labels.get("priority")), Severity.MEDIUM, warnings),
        labels=labels,
        url=reading.url_of((raw.get("ruleUrl"),), warnings),
        received_at=received_at,
        raw=raw,
        warnings=warnings,
    )


def _rule(raw: JsonObject, name: str) -> tuple[str, ...]:
    """The rule's id, which is unique per database, and where it lives. Not `title`: it says "[OK]" on recovery."""
    rule_id = reading.first_text((raw.get("ruleId"),))
    fields: tuple[str, ...] = (
        reading.identity("ruleId", rule_id) if rule_id else reading.identity("ruleName", " ".join(name.split()))
    )
    for key in ("orgId", "dashboardId"):
        value = reading.first_text((raw.get(key),))
        if value:
            fields += reading.identity(key, value)
    return fields
