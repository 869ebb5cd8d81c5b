"""New Relic: the issues of workflows, and the incidents of the notification channels before them.

Formats: New Relic documentation, "Webhook message templates": the default workflow template (id, issueUrl, title,
priority, state, impactedEntities, alertPolicyNames, alertConditionNames, createdAt, updatedAt, closedAt; times in
milliseconds) and the legacy channel (incident_id, current_state, severity, condition_name, policy_name, details,
targets, incident_url, timestamp).

Identity is the issue's id, before workflows the incident's.
"""

from datetime import datetime

from pydantic import JsonValue

from tenant_plane.alerts.rules import Severity
from tenant_plane.ingest.adapters import finishing, reading
from tenant_plane.ingest.adapters.event import AlertEvent, JsonObject, UnreadablePayload

SOURCE = "newrelic"

_IDS = ("issueId", "id", "incident_id", "incidentId")
_STATES = ("state", "current_state", "status")


def read(payload: JsonValue, received_at: datetime) -> list[AlertEvent]:
    if not isinstance(payload, dict):
        raise UnreadablePayload("expected an object")
    warnings: list[str] = []
    raw = reading.clean_object(payload, warnings)
    its_id = reading.first_text(raw.get(key) for key in _IDS)
    condition = reading.first_text(
        reading.first_item(raw.get(key)) for key in ("alertConditionNames", "condition_name", "conditionName")
    )
    title = reading.first_text((reading.first_item(raw.get("title")), raw.get("details"), condition))
    if not its_id and not title:
        raise UnreadablePayload("it has neither an issue's id nor a title")
    entity = _entity(raw)
    return [
        finishing.finish(
            action=reading.action_of((raw.get(key) for key in _STATES), "state", warnings),
            source=SOURCE,
            dedup_fields=reading.identity("issue", its_id)
            if its_id
            else reading.identity("title", title) + reading.identity("entity", entity),
            name=title or f"New Relic issue {its_id}",
            description=reading.first_text(
                (raw.get("details"), raw.get("description"), reading.first_item(raw.get("accumulations")))
            ),
            severity=reading.severity_of((raw.get("priority"), raw.get("severity")), Severity.MEDIUM, warnings),
            service=entity or None,
            labels=reading.said(
                {
                    "entity": entity,
                    "condition": condition,
                    "policy": reading.first_item(raw.get("alertPolicyNames", raw.get("policy_name"))),
                }
            ),
            url=reading.url_of((raw.get(key) for key in ("issueUrl", "issuePageUrl", "incident_url")), warnings),
            occurred_at=reading.time_of(raw.get("createdAt", raw.get("timestamp")), "createdAt", received_at, warnings),
            ended_at=reading.time_of(raw.get("closedAt") or raw.get("updatedAt"), "closedAt", received_at, warnings)
            or received_at,
            received_at=received_at,
            raw=raw,
            warnings=warnings,
        )
    ]


def _entity(raw: JsonObject) -> str:
    """What is sick: a name in workflows, an object with a name among the targets of the legacy format."""
    target = reading.first_item(raw.get("targets"))
    if isinstance(target, dict):
        target = target.get("name")
    return reading.first_text((reading.first_item(raw.get("impactedEntities")), target))
