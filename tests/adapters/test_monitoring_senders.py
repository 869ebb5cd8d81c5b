"""Monitoring products and clouds: what is particular about each."""

from typing import Any

import pytest

from tenant_plane.alerts.rules import Severity
from tenant_plane.ingest.adapters import ADAPTERS, Action, NotAnAlert, adapter_for
from tests.adapters.support import alarm_in, changed, fixture, read, read_one, sender

ACKNOWLEDGES: list[tuple[str, Any]] = [
    ("zabbix_problem", changed(fixture("zabbix_problem"), update_action="acknowledged, commented", event_ack="Yes")),
    ("checkmk_service_problem", changed(fixture("checkmk_service_problem"), NOTIFY_NOTIFICATIONTYPE="ACKNOWLEDGEMENT")),
    ("newrelic_issue", changed(fixture("newrelic_issue"), state="ACKNOWLEDGED")),
    ("opsgenie_webhook_create", changed(fixture("opsgenie_webhook_create"), action="Acknowledge")),
    ("sentry_issue_created", changed(fixture("sentry_issue_created"), action="assigned")),
]


@pytest.mark.parametrize(("name", "payload"), ACKNOWLEDGES)
def test_other_senders_acknowledge_too(name: str, payload: Any) -> None:
    fired, acknowledged = read_one(sender(name), fixture(name)), read_one(sender(name), payload)
    assert acknowledged.action is Action.ACKNOWLEDGE
    assert acknowledged.dedup_fields == fired.dedup_fields


@pytest.mark.parametrize(
    ("source", "payload"),
    [
        ("opsgenie", {"action": "AddNote", "alert": {"alertId": "a1", "message": "m"}}),
        ("sentry", {"action": "created", "data": {"installation": {"uuid": "u"}}, "installation": {}}),
        ("checkmk", {"HOSTNAME": "db-7", "NOTIFICATIONTYPE": "FLAPPINGSTART"}),
        ("gcp", {"version": "test", "incident": {"summary": "Test"}}),
        ("azure", {"schemaId": "AzureMonitorMetricAlert", "data": {}}),
    ],
)
def test_what_changes_no_alert_is_said_so(source: str, payload: Any) -> None:
    with pytest.raises(NotAnAlert):
        read(source, payload)


def test_an_alarm_without_data_is_low_and_says_so() -> None:
    event = read_one("cloudwatch", alarm_in("INSUFFICIENT_DATA"))
    assert (event.action, event.severity) == (Action.TRIGGER, Severity.LOW)
    assert event.warnings == ("the alarm has insufficient data, which says neither that it is well nor that it is not",)
    assert event.labels == {
        "StorageType": "StandardStorage",
        "BucketName": "try.alerta.io",
        "namespace": "AWS/S3",
        "metric": "BucketSizeBytes",
        "region": "EU (Ireland)",
        "account": "1234567890",
    }


def test_what_else_is_published_to_a_topic_is_an_alert_by_its_subject() -> None:
    event = read_one(
        "cloudwatch", {"Type": "Notification", "TopicArn": "arn:x", "Subject": "Budget", "Message": "80 %"}
    )
    assert (event.name, event.description) == ("Budget", "80 %")
    assert event.dedup_fields == ("topic", "arn:x", "subject", "Budget")


def test_macros_that_were_not_expanded_count_as_absent() -> None:
    event = read_one("zabbix", fixture("zabbix_problem"))
    assert (event.url, event.warnings) == (None, ())
    assert event.labels == {
        "scope": "capacity",
        "team": "web",
        "host": "web03",
        "host_ip": "192.0.2.33",
        "trigger_id": "18422",
    }


def test_a_trigger_after_the_classic_azure_alert() -> None:
    classic: Any = {"status": "Activated", "context": {"id": "/rules/cpu", "name": "CPU", "resourceName": "vm-1"}}
    fired, resolved = read_one("azure", classic), read_one("azure", {**classic, "status": "Resolved"})
    assert (fired.action, resolved.action) == (Action.TRIGGER, Action.RESOLVE)
    assert fired.dedup_fields == resolved.dedup_fields == ("rule", "/rules/cpu", "resource", "vm-1")


@pytest.mark.parametrize("alias", ["incident.io", "New-Relic", "SNS", "azuremonitoring", "gcpmonitoring"])
def test_other_names_are_the_same_sender(alias: str) -> None:
    name, adapter = adapter_for(alias)
    assert adapter is ADAPTERS[name]
