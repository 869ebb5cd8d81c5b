"""Google Cloud Monitoring, by its webhook notification channel.

Format: Google's documentation, "Create and manage notification channels", webhook schema 1.0 and 1.2 ({"version",
"incident": {incident_id, state open or closed, started_at, ended_at (epoch seconds, 0 or null: not yet), summary,
policy_name, condition_name, severity, resource, metric, policy_user_labels, metadata, documentation, url}}).

Identity is the incident's id, which its closing repeats.
"""

from datetime import datetime

from pydantic import JsonValue

from tenant_plane.alerts.rules import Severity
from tenant_plane.ingest.adapters import finishing, reading
from tenant_plane.ingest.adapters.event import AlertEvent, JsonObject, NotAnAlert, UnreadablePayload

SOURCE = "gcp"


def read(payload: JsonValue, received_at: datetime) -> list[AlertEvent]:
    if not isinstance(payload, dict):
        raise UnreadablePayload("expected an object")
    warnings: list[str] = []
    raw = reading.clean_object(payload, warnings)
    if reading.first_text((raw.get("version"),)) == "test":
        raise NotAnAlert("the test message of a notification channel")
    incident = reading.object_in(raw, "incident", warnings)
    its_id = reading.first_text((incident.get("incident_id"),))
    summary = reading.first_text((incident.get("condition_name"), incident.get("summary"), incident.get("policy_name")))
    if not its_id and not summary:
        raise UnreadablePayload("the body has no incident with an incident_id or a summary")
    labels = _labels(incident, warnings)
    return [
        finishing.finish(
            action=reading.action_of((incident.get("state"),), "state", warnings),
            source=SOURCE,
            dedup_fields=reading.identity("incident", its_id)
            if its_id
            else reading.identity("summary", summary)
            + reading.identity("resource", reading.first_text((incident.get("resource_name"),))),
            name=summary or f"Google Cloud incident {its_id}",
            description=reading.first_text((incident.get("summary"), _documented(incident))),
            severity=reading.severity_of(
                (_unless_none(incident.get("severity")), labels.get("severity")), Severity.MEDIUM, warnings
            ),
            labels=labels,
            annotations=reading.said(
                {
                    "policy": incident.get("policy_name"),
                    "observed_value": incident.get("observed_value"),
                    "threshold_value": incident.get("threshold_value"),
                    "documentation": _documented(incident),
                }
            ),
            url=reading.url_of((incident.get("url"),), warnings),
            occurred_at=reading.time_of(incident.get("started_at") or None, "started_at", received_at, warnings),
            ended_at=reading.time_of(incident.get("ended_at") or None, "ended_at", received_at, warnings)
            or received_at,
            received_at=received_at,
            raw=raw,
            warnings=warnings,
        )
    ]


def _labels(incident: JsonObject, warnings: list[str]) -> dict[str, str]:
    """From the widest to the nearest: the policy's, the person's, the metric's and the resource's own labels."""
    metadata = reading.object_in(incident, "metadata", warnings)
    resource = reading.object_in(incident, "resource", warnings)
    metric = reading.object_in(incident, "metric", warnings)
    labels: dict[str, str] = {}
    for value in (
        incident.get("policy_user_labels"),
        metadata.get("system_labels"),
        metadata.get("user_labels"),
        metric.get("labels"),
        resource.get("labels"),
    ):
        labels |= reading.pairs_of(value, "label", warnings)
    return labels | reading.said(
        {
            "project_id": incident.get("scoping_project_id"),
            "resource": incident.get("resource_display_name", incident.get("resource_name")),
            "resource_type": resource.get("type"),
            "metric": metric.get("type"),
        }
    )


def _documented(incident: JsonObject) -> JsonValue:
    documentation = incident.get("documentation")
    return documentation.get("content", documentation.get("subject")) if isinstance(documentation, dict) else None


def _unless_none(severity: JsonValue) -> JsonValue:
    """ "No severity" is how Google writes that nobody chose one."""
    return None if reading.first_text((severity,)).casefold() == "no severity" else severity
