"""Amazon CloudWatch alarms, by an SNS topic's HTTPS subscription.

Formats: Amazon's documentation, "HTTP/HTTPS notification JSON format" (Type Notification, SubscriptionConfirmation or
UnsubscribeConfirmation; TopicArn, Subject, Message, Timestamp) around the alarm's JSON text ("AlarmName",
"NewStateValue": ALARM, OK or INSUFFICIENT_DATA, "NewStateReason", "StateChangeTime", "Region", "AlarmArn", "Trigger"
with MetricName, Namespace and Dimensions), or that alarm alone (raw message delivery). What else is published to the
topic is an alert by its subject.

Identity is the alarm's ARN; older messages have none and are told apart by account, region and name.
"""

from datetime import datetime

from pydantic import JsonValue
from pydantic_core import from_json

from tenant_plane.alerts.rules import Severity
from tenant_plane.ingest.adapters import finishing, reading
from tenant_plane.ingest.adapters.event import Action, AlertEvent, JsonObject, NotAnAlert, UnreadablePayload

SOURCE = "cloudwatch"

_STATES = {"ALARM": Action.TRIGGER, "OK": Action.RESOLVE, "INSUFFICIENT_DATA": Action.TRIGGER}
_CONFIRMATIONS = ("SubscriptionConfirmation", "UnsubscribeConfirmation")


def read(payload: JsonValue, received_at: datetime) -> list[AlertEvent]:
    if not isinstance(payload, dict):
        raise UnreadablePayload("expected an object")
    warnings: list[str] = []
    raw = reading.clean_object(payload, warnings)
    kind = reading.first_text((raw.get("Type"),))
    if kind in _CONFIRMATIONS:
        raise NotAnAlert(f"an SNS {kind}")
    alarm = raw if "AlarmName" in raw else _inner(raw.get("Message"), warnings)
    if "AlarmName" in alarm:
        return [_alarm(raw, alarm, received_at, warnings)]
    if kind != "Notification" and "TopicArn" not in raw:
        raise UnreadablePayload("neither an SNS notification nor an alarm with an AlarmName")
    return [_notice(raw, received_at, warnings)]


def _inner(message: JsonValue, warnings: list[str]) -> JsonObject:
    if isinstance(message, str) and message.lstrip().startswith("{"):
        try:
            message = reading.clean(from_json(message, allow_inf_nan=False), warnings)
        except ValueError:
            return {}
    return message if isinstance(message, dict) else {}


def _alarm(raw: JsonObject, alarm: JsonObject, received_at: datetime, warnings: list[str]) -> AlertEvent:
    name = reading.first_text((alarm.get("AlarmName"),))
    state = reading.first_text((alarm.get("NewStateValue"),)).upper()
    action = _STATES.get(state)
    if action is None:
        reading.warn(warnings, f"NewStateValue {reading.named(state)} is not known and was read as ALARM")
    if state == "INSUFFICIENT_DATA":
        reading.warn(warnings, "the alarm has insufficient data, which says neither that it is well nor that it is not")
    trigger = reading.object_in(alarm, "Trigger", warnings)
    changed_at = reading.time_of(alarm.get("StateChangeTime"), "StateChangeTime", received_at, warnings)
    return finishing.finish(
        action=action or Action.TRIGGER,
        source=SOURCE,
        dedup_fields=_identity(alarm, name),
        name=name,
        description="\n\n".join(
            reading.said({key: alarm.get(key) for key in ("AlarmDescription", "NewStateReason")}).values()
        ),
        severity=Severity.LOW if state == "INSUFFICIENT_DATA" else Severity.HIGH,
        labels=reading.pairs_of(trigger.get("Dimensions"), "dimension", warnings)
        | reading.said(
            {
                "namespace": trigger.get("Namespace"),
                "metric": trigger.get("MetricName"),
                "region": alarm.get("Region"),
                "account": alarm.get("AWSAccountId"),
            }
        ),
        occurred_at=None if action is Action.RESOLVE else changed_at,
        ended_at=changed_at,
        received_at=received_at,
        raw=raw,
        warnings=warnings,
    )


def _identity(alarm: JsonObject, name: str) -> tuple[str, ...]:
    arn = reading.first_text((alarm.get("AlarmArn"),))
    if arn:
        return reading.identity("alarm", arn)
    fields: tuple[str, ...] = reading.identity("name", name)
    for key in ("AWSAccountId", "Region"):
        fields += reading.identity(key, reading.first_text((alarm.get(key),)))
    return fields


def _notice(raw: JsonObject, received_at: datetime, warnings: list[str]) -> AlertEvent:
    message = reading.text_of(raw.get("Message"))
    subject = reading.first_text((raw.get("Subject"), message[: finishing.NAME_LENGTH]))
    topic = reading.first_text((raw.get("TopicArn"),))
    if not subject:
        raise UnreadablePayload("the notification has neither a subject nor a message")
    return finishing.finish(
        action=Action.TRIGGER,
        source=SOURCE,
        dedup_fields=reading.identity("topic", topic) + reading.identity("subject", subject),
        name=subject,
        description=message,
        labels=reading.said({"topic": topic}),
        occurred_at=reading.time_of(raw.get("Timestamp"), "Timestamp", received_at, warnings),
        received_at=received_at,
        raw=raw,
        warnings=warnings,
    )
