"""Monitoring products and clouds: what is particular about each."""

from typing import Any

import pytest

from tenant_plane.alerts.rules import Severity
from tenant_plane.ingest.adapters import ADAPTERS, Action, NotAnAlert, adapter_for
from tests.adapters.support import NOW, alarm_in, changed, fixture, read, read_one, sender

ACKNOWLEDGES: list[tuple[str, Any]] = [
    ("zabbix_problem", changed(fixture("zabbix_problem"), update_action="acknowledged, commented", event_ack="Yes")),
    ("checkmk_service_problem", changed(fixture("checkmk_service_problem"), NOTIFY_NOTIFICATIONTYPE="ACKNOWLEDGEMENT")),
    ("newrelic_issue", changed(fixture("newrelic_issue"), state="ACKNOWLEDGED")),
    ("opsgenie_webhook_create", changed(fixture("opsgenie_webhook_create"), action="Acknowledge")),
    (
        "sentry_issue_created",
        changed(fixture("sentry_issue_created"), action="assigned", actor={"type": "user", "id": 7, "name": "Ana"}),
    ),
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


@pytest.mark.parametrize(
    ("title", "action", "scope", "name"),
    [
        ("[Recovered on {host:a}] [Critical] Disk full", Action.RESOLVE, "host:a", "[Critical] Disk full"),
        ("[Triggered on {host:a}] [Recovery] WAL stalled", Action.TRIGGER, "host:a", "[Recovery] WAL stalled"),
        ("[P1] [Re-Triggered] Disk full", Action.TRIGGER, "", "Disk full"),
        ("[No Data on {host:a}] [P2] Disk full", Action.TRIGGER, "host:a", "Disk full"),
        ("[Staging] Disk full", Action.TRIGGER, "", "[Staging] Disk full"),
    ],
)
def test_only_the_first_bracket_of_a_datadog_title_is_its_state(
    title: str, action: Action, scope: str, name: str
) -> None:
    event = read_one("datadog", {"title": title})
    assert (event.action, event.name) == (action, name)
    assert event.dedup_fields == ("title", name, *(("scope", scope) if scope else ()))


def test_a_title_of_megabytes_of_prefixes_is_read_at_once() -> None:
    event = read_one("datadog", {"title": "[P1]" * 1_000_000 + "x"})
    assert event.action is Action.TRIGGER


def test_a_sentence_for_a_datadog_state_does_not_hide_the_titles() -> None:
    status = "system.load.1 over host:a was > 0 on average during the last 5m."
    event = read_one("datadog", {"title": "[Recovered] Load", "alert_status": status})
    assert event.action is Action.RESOLVE


def test_every_part_of_a_datadog_scope_counts_in_any_order() -> None:
    def fields_of(*scopes: str) -> tuple[str, ...]:
        return read_one("datadog", {"title": "Load", "monitor_id": 7, "scopes": list(scopes)}).dedup_fields

    assert fields_of("env:prod", "host:a") == fields_of("host:a", "env:prod")
    assert fields_of("env:prod", "host:a") != fields_of("env:prod", "host:b")


def test_a_rule_that_assigns_a_sentry_issue_has_not_seen_it() -> None:
    assigned = changed(fixture("sentry_issue_created"), action="assigned")
    assert read_one("sentry", assigned).action is Action.TRIGGER


@pytest.mark.parametrize(
    ("fields", "action"),
    [
        ({"trigger_status": "OK"}, Action.RESOLVE),
        ({"status": "0", "value": "0"}, Action.RESOLVE),
        ({"trigger_value": "1"}, Action.TRIGGER),
        ({}, Action.TRIGGER),
    ],
)
def test_a_zabbix_state_by_word_or_number(fields: dict[str, Any], action: Action) -> None:
    assert read_one("zabbix", {"trigger_id": "1", "name": "Disk", **fields}).action is action


def test_a_log_alert_of_azure_without_the_common_schema() -> None:
    data: Any = {"AlertRuleName": "Errors in checkout", "Severity": "1", "SearchQuery": "exceptions | count"}
    event = read_one("azure", {"schemaId": "Microsoft.Insights/LogAlert", "data": data})
    assert (event.name, event.severity) == ("Errors in checkout", Severity.HIGH)


@pytest.mark.parametrize(
    ("source", "payload"),
    [
        ("newrelic", {"id": "i", "title": "t", "state": "CLOSED", "createdAt": 1775822000000, "closedAt": None}),
        ("gcp", {"incident": {"incident_id": "i", "state": "closed", "started_at": 1775822000, "ended_at": None}}),
    ],
)
def test_an_end_that_is_not_told_is_now(source: str, payload: Any) -> None:
    assert read_one(source, payload).ended_at == NOW
