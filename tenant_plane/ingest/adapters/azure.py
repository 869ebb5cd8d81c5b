"""Azure Monitor action groups.

Formats: "Common alert schema" (schemaId azureMonitorCommonAlertSchema; data.essentials with alertId, alertRule,
severity Sev0..Sev4, monitorCondition Fired or Resolved, alertTargetIDs, configurationItems, firedDateTime,
resolvedDateTime; data.alertContext), log search alerts without it (data.AlertRuleName, Severity, SearchQuery) and the
classic metric and activity alerts ({"status": "Activated" or "Resolved", "context": {id, name, resourceName, ...}}),
all in Microsoft's documentation.

Identity is the alert's id, which the resolution repeats; for classic alerts the rule's and the resource's. Azure
counts severities from Sev0 (critical) to Sev4 (verbose), one lower than others do.
"""

from datetime import datetime

from pydantic import JsonValue

from tenant_plane.alerts.rules import Severity
from tenant_plane.ingest.adapters import finishing, reading
from tenant_plane.ingest.adapters.event import Action, AlertEvent, JsonObject, NotAnAlert, UnreadablePayload

SOURCE = "azure"

_SEVERITIES = {
    "sev0": Severity.CRITICAL,
    "sev1": Severity.HIGH,
    "sev2": Severity.MEDIUM,
    "sev3": Severity.LOW,
    "sev4": Severity.INFO,
}


def read(payload: JsonValue, received_at: datetime) -> list[AlertEvent]:
    if not isinstance(payload, dict):
        raise UnreadablePayload("expected an object")
    warnings: list[str] = []
    raw = reading.clean_object(payload, warnings)
    data = reading.object_in(raw, "data", warnings)
    if isinstance(data.get("essentials"), dict):
        return [_common(raw, data, received_at, warnings)]
    context = data.get("context", raw.get("context"))
    if isinstance(context, dict):
        return [_classic(raw, data, context, received_at, warnings)]
    if data.get("AlertRuleName") or data.get("AlertRuleID"):
        return [_log_alert(raw, data, received_at, warnings)]
    if raw.get("schemaId"):
        raise NotAnAlert(f"a message of the schema {reading.named(reading.first_text((raw['schemaId'],)))}")
    raise UnreadablePayload("the body has neither data.essentials (common schema) nor a context (classic alert)")


def _common(raw: JsonObject, data: JsonObject, received_at: datetime, warnings: list[str]) -> AlertEvent:
    essentials = reading.object_in(data, "essentials", warnings)
    context = reading.object_in(data, "alertContext", warnings)
    rule = reading.first_text((essentials.get("alertRule"),))
    target = reading.first_text((reading.first_item(essentials.get("alertTargetIDs")),))
    its_id = reading.first_text((essentials.get("alertId"), essentials.get("originAlertId")))
    if not its_id and not rule:
        raise UnreadablePayload("the essentials have neither an alertId nor an alertRule")
    resource = reading.first_text((reading.first_item(essentials.get("configurationItems")), target.split("/")[-1]))
    word = reading.first_text((essentials.get("severity"),))
    return finishing.finish(
        action=reading.action_of((essentials.get("monitorCondition"),), "monitorCondition", warnings),
        source=SOURCE,
        dedup_fields=reading.identity("alert", its_id)
        if its_id
        else reading.identity("rule", rule) + reading.identity("target", target),
        name=rule or f"Azure alert on {resource}",
        description=reading.first_text((essentials.get("description"),)) or _condition(context),
        severity=_SEVERITIES.get(word.casefold()) or reading.severity_of((word,), Severity.MEDIUM, warnings),
        labels=reading.pairs_of(data.get("customProperties"), "property", warnings)
        | reading.said(
            {
                "resource": resource,
                "signal_type": essentials.get("signalType"),
                "monitoring_service": essentials.get("monitoringService"),
            }
        ),
        annotations=reading.said({"target": target}),
        url=reading.url_of((essentials.get("investigationLink"),), warnings),
        occurred_at=reading.time_of(essentials.get("firedDateTime"), "firedDateTime", received_at, warnings),
        ended_at=reading.time_of(essentials.get("resolvedDateTime"), "resolvedDateTime", received_at, warnings),
        received_at=received_at,
        raw=raw,
        warnings=warnings,
    )


def _condition(context: JsonObject) -> str:
    """What was measured, in words, where the alert says nothing itself."""
    condition = context.get("condition")
    criteria = condition.get("allOf") if isinstance(condition, dict) else None
    found = [item for item in criteria if isinstance(item, dict)] if isinstance(criteria, list) else []
    return "; ".join(
        " ".join(reading.said({key: item.get(key) for key in ("metricName", "operator", "threshold")}).values())
        + f" (measured {reading.text_of(item.get('metricValue'))})"
        for item in found
    )


def _log_alert(raw: JsonObject, data: JsonObject, received_at: datetime, warnings: list[str]) -> AlertEvent:
    """A log search alert without the common schema; it never says that it is over."""
    rule = reading.first_text((data.get("AlertRuleID"), data.get("AlertRuleName")))
    word = reading.first_text((data.get("Severity"),))
    return finishing.finish(
        action=Action.TRIGGER,
        source=SOURCE,
        dedup_fields=reading.identity("rule", rule),
        name=reading.first_text((data.get("AlertRuleName"),)) or rule,
        description=reading.first_text((data.get("Description"), data.get("SearchQuery"))),
        severity=_SEVERITIES.get(f"sev{word}") or reading.severity_of((word,), Severity.MEDIUM, warnings),
        labels=reading.said({"workspace": data.get("WorkspaceId")}),
        url=reading.url_of((data.get("LinkToSearchResults"),), warnings),
        received_at=received_at,
        raw=raw,
        warnings=warnings,
    )


def _classic(
    raw: JsonObject, data: JsonObject, context: JsonObject, received_at: datetime, warnings: list[str]
) -> AlertEvent:
    activity = reading.object_in(context, "activityLog", warnings)
    name = reading.first_text((context.get("name"), activity.get("operationName"), activity.get("description")))
    rule = reading.first_text((context.get("id"), activity.get("correlationId"))) or name
    if not rule:
        raise UnreadablePayload("the context has neither an id nor a name")
    resource = reading.first_text((context.get("resourceName"), context.get("resourceId")))
    return finishing.finish(
        action=reading.action_of((data.get("status"), raw.get("status")), "status", warnings),
        source=SOURCE,
        dedup_fields=reading.identity("rule", rule) + reading.identity("resource", resource),
        name=name or rule,
        description=reading.first_text((context.get("description"),)),
        severity=reading.severity_of((context.get("severity"),), Severity.MEDIUM, warnings),
        labels=reading.said({"resource": resource, "region": context.get("resourceRegion")}),
        url=reading.url_of((context.get("portalLink"),), warnings),
        occurred_at=reading.time_of(context.get("timestamp"), "timestamp", received_at, warnings),
        received_at=received_at,
        raw=raw,
        warnings=warnings,
    )
