"""Sentry: its integration platform's webhooks, and the older webhook plugin.

Formats: Sentry documentation, "Integration platform webhooks": {"action", "data": {"issue" | "event" | "metric_alert"
| "error"}, "actor"}; issue alerts come as action "triggered" with data.event and data.triggered_rule, metric alerts as
critical, warning or resolved. The plugin posts {id, project, project_name, level, culprit, message, url, event}.

Identity is the issue's id, which every event of it carries; for metric alerts the alert's.
"""

from datetime import datetime

from pydantic import JsonValue

from tenant_plane.alerts.rules import Severity
from tenant_plane.ingest.adapters import finishing, reading
from tenant_plane.ingest.adapters.event import Action, AlertEvent, JsonObject, NotAnAlert, UnreadablePayload

SOURCE = "sentry"

_ISSUE_ACTIONS = {
    "created": Action.TRIGGER,
    "unresolved": Action.TRIGGER,
    "regressed": Action.TRIGGER,
    "escalating": Action.TRIGGER,
    "triggered": Action.TRIGGER,
    "assigned": Action.ACKNOWLEDGE,
    "resolved": Action.RESOLVE,
    "archived": Action.RESOLVE,
    "ignored": Action.RESOLVE,
}


def read(payload: JsonValue, received_at: datetime) -> list[AlertEvent]:
    if not isinstance(payload, dict):
        raise UnreadablePayload("expected an object")
    warnings: list[str] = []
    raw = reading.clean_object(payload, warnings)
    data = reading.object_in(raw, "data", warnings)
    word = reading.first_text((raw.get("action"),)).casefold()
    if isinstance(alert := data.get("metric_alert"), dict):
        return [_metric_alert(raw, data, alert, word, received_at, warnings)]
    for key in ("issue", "event", "error"):
        if isinstance(issue := data.get(key), dict):
            return [_issue(raw, issue, word, received_at, warnings)]
    if isinstance(raw.get("event"), dict):
        return [_plugin(raw, received_at, warnings)]
    if "installation" in raw or "action" in raw:
        raise NotAnAlert(f"{reading.named(word)} of something else than an issue or an alert")
    raise UnreadablePayload("the body has no issue, event, error or metric_alert")


def _issue(raw: JsonObject, issue: JsonObject, word: str, received_at: datetime, warnings: list[str]) -> AlertEvent:
    """An issue, or one of its events (which name the issue by `issue_id`)."""
    action = _ISSUE_ACTIONS.get(word)
    if action is Action.ACKNOWLEDGE and not _by_a_person(raw):
        action = Action.TRIGGER
    if action is None:
        reading.warn(warnings, f"action {reading.named(word)} is not known and was read as trigger")
    its_id = reading.first_text((issue.get("issue_id"), issue.get("id")))
    title = reading.first_text((issue.get("title"), issue.get("message"), issue.get("culprit")))
    if not its_id and not title:
        raise UnreadablePayload("the issue has neither an id nor a title")
    project = _project(issue)
    tags = _tags(issue.get("tags"), warnings)
    rule = raw["data"].get("triggered_rule") if isinstance(raw["data"], dict) else None
    return finishing.finish(
        action=action or Action.TRIGGER,
        source=SOURCE,
        dedup_fields=_identity(its_id, title, project),
        name=title or f"Sentry issue {its_id}",
        description=reading.first_text((issue.get("culprit"), issue.get("message"))),
        severity=reading.severity_of((issue.get("level"), tags.get("level")), Severity.HIGH, warnings),
        service=project or None,
        environment=reading.first_text((issue.get("environment"), tags.get("environment"))) or None,
        labels=tags
        | reading.said(
            {"project": project, "short_id": issue.get("shortId"), "platform": issue.get("platform"), "rule": rule}
        ),
        url=reading.url_of((issue.get("web_url"), issue.get("permalink"), issue.get("url")), warnings),
        occurred_at=reading.time_of(issue.get("datetime", issue.get("firstSeen")), "firstSeen", received_at, warnings),
        ended_at=received_at,
        received_at=received_at,
        raw=raw,
        warnings=warnings,
    )


def _by_a_person(raw: JsonObject) -> bool:
    """Ownership rules assign an issue seconds after it was made, without anybody having seen it."""
    actor = raw.get("actor")
    return isinstance(actor, dict) and actor.get("type") == "user"


def _metric_alert(
    raw: JsonObject, data: JsonObject, alert: JsonObject, word: str, received_at: datetime, warnings: list[str]
) -> AlertEvent:
    rule = reading.object_in(alert, "alert_rule", warnings)
    its_id = reading.first_text((alert.get("id"), alert.get("identifier")))
    title = reading.first_text((rule.get("name"), data.get("description_title"), alert.get("title")))
    if not its_id and not title:
        raise UnreadablePayload("the metric alert has neither an id nor a title")
    project = reading.first_text((reading.first_item(alert.get("projects")),))
    resolved = word == "resolved"
    return finishing.finish(
        action=Action.RESOLVE if resolved else Action.TRIGGER,
        source=SOURCE,
        dedup_fields=reading.identity("metric_alert", its_id) if its_id else reading.identity("title", title),
        name=title or f"Sentry alert {its_id}",
        description=reading.first_text((data.get("description_text"),)),
        severity=Severity.MEDIUM if resolved else reading.severity_of((word,), Severity.MEDIUM, warnings),
        service=project or None,
        environment=reading.first_text((rule.get("environment"),)) or None,
        labels=reading.said({"project": project, "query": rule.get("query"), "aggregate": rule.get("aggregate")}),
        url=reading.url_of((data.get("web_url"),), warnings),
        occurred_at=reading.time_of(alert.get("date_started"), "date_started", received_at, warnings),
        ended_at=reading.time_of(alert.get("date_closed"), "date_closed", received_at, warnings),
        received_at=received_at,
        raw=raw,
        warnings=warnings,
    )


def _plugin(raw: JsonObject, received_at: datetime, warnings: list[str]) -> AlertEvent:
    event = reading.object_in(raw, "event", warnings)
    tags = _tags(event.get("tags"), warnings)
    project = reading.first_text((raw.get("project_slug"), raw.get("project"), raw.get("project_name")))
    its_id = reading.first_text((raw.get("id"), event.get("issue_id")))
    title = reading.first_text((event.get("title"), raw.get("message"), raw.get("culprit")))
    if not its_id and not title:
        raise UnreadablePayload("the event has neither an id nor a title")
    return finishing.finish(
        action=Action.TRIGGER,
        source=SOURCE,
        dedup_fields=_identity(its_id, title, project),
        name=title or f"Sentry issue {its_id}",
        description=reading.first_text((raw.get("message"), raw.get("culprit"))),
        severity=reading.severity_of((raw.get("level"), event.get("level")), Severity.HIGH, warnings),
        service=project or None,
        environment=reading.first_text((event.get("environment"), tags.get("environment"))) or None,
        labels=tags | reading.said({"project": project, "platform": event.get("platform")}),
        url=reading.url_of((raw.get("url"),), warnings),
        occurred_at=reading.time_of(event.get("timestamp"), "timestamp", received_at, warnings),
        received_at=received_at,
        raw=raw,
        warnings=warnings,
    )


def _identity(its_id: str, title: str, project: str) -> tuple[str, ...]:
    if its_id:
        return reading.identity("issue", its_id)
    return reading.identity("title", title) + reading.identity("project", project)


def _project(issue: JsonObject) -> str:
    project = issue.get("project")
    if isinstance(project, dict):
        project = reading.first_text((project.get("slug"), project.get("name"), project.get("id")))
    return reading.first_text((project,))


def _tags(value: JsonValue, warnings: list[str]) -> dict[str, str]:
    """A list of pairs, [["browser", "Edge"], ...], in events; else as everybody writes tags."""
    if isinstance(value, list) and all(isinstance(item, list) and len(item) == 2 for item in value):
        return {reading.text_of(item[0]): reading.text_of(item[1]) for item in value if isinstance(item, list)}
    return reading.pairs_of(value, "tag", warnings)
