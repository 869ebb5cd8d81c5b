"""Every kept body of every sender, read; and what makes a resolve meet its trigger."""

import copy
from datetime import UTC, datetime
from typing import Any

import pytest

from tenant_plane.alerts.rules import Severity
from tenant_plane.ingest.adapters import ADAPTERS, Action, NotAnAlert, adapter_for
from tests.adapters.support import FIXTURES, NOW, alarm_in, changed, fixture, read, read_one, sender

NO_ALERTS = {
    "cloudwatch_subscription",
    "pagerduty_v2_change",
    "pagerduty_webhook_note",
    "pagerduty_webhook_service",
    "pagerduty_webhook_ping",
}
OPSGENIE_ALIAS = "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"
ALL = sorted(path.stem for path in FIXTURES.glob("*.json"))


def test_every_adapter_has_a_fixture() -> None:
    """A plain webhook is read as generic JSON under another name."""
    assert {sender(name) for name in ALL} == ADAPTERS.keys() - {"generic"}


@pytest.mark.parametrize("name", [name for name in ALL if name not in NO_ALERTS])
def test_fixture_is_read_without_loss(name: str) -> None:
    event = read_one(sender(name), fixture(name))
    assert event.name
    assert event.dedup_fields
    assert event.raw.keys()


@pytest.mark.parametrize("name", sorted(NO_ALERTS))
def test_message_that_is_no_alert_says_so(name: str) -> None:
    with pytest.raises(NotAnAlert):
        read(sender(name), fixture(name))


@pytest.mark.parametrize(
    ("name", "alert_name", "severity", "service", "dedup_fields"),
    [
        ("alertmanager_v4", "thing_dead", "critical", None, ("alertname", "thing_dead", "severity", "critical")),
        ("alertmanager_no_version", "PodCrashLooping", "medium", None, ("fingerprint", "abc123")),
        (
            "alertmanager_no_status",
            "HighCPU",
            "critical",
            "payment-api",
            ("alertname", "HighCPU", "service_id", "payment-api", "severity", "critical"),
        ),
        ("grafana_unified", "Memory (copy)", "medium", None, ("fingerprint", "e6349a25f5ef0e9e")),
        ("grafana_legacy", "Load peaking!", "medium", None, ("ruleId", "1")),
        ("prometheus_disk_space_low", "Disk space is below 20%", "medium", None, ("name", "Disk space is below 20%")),
        (
            "pagerduty_webhook_short",
            "Database connection pool exhausted",
            "high",
            "auth-service",
            ("incident", "PD12345"),
        ),
        ("pagerduty_webhook_triggered", "Checkout answers slowly", "high", "checkout", ("incident", "Q1INCIDENT01")),
        (
            "pagerduty_v2_trigger",
            "Replication lag 94 s on orders-db-1",
            "medium",
            "orders-db",
            ("dedup_key", "orders-db/replication"),
        ),
        ("pagerduty_v1_trigger", "HTTP check failed on web03.acme.example", "high", None, ("dedup_key", "web03/http")),
        (
            "datadog_low_disk",
            "Low Disk Space",
            "low",
            None,
            ("monitor", "1234567891"),
        ),
        (
            "datadog_default",
            "Disk latency is high",
            "medium",
            "orders",
            ("title", "Disk latency is high", "scope", "host:db-7,service:orders"),
        ),
        ("opsgenie_create", "message", "critical", "test-domain", ("alias", OPSGENIE_ALIAS)),
        ("opsgenie_webhook_create", "another alert", "medium", "Server", ("alias", "alert-alias")),
        (
            "azure_metric_fired",
            "WCUS-R2-Gen2",
            "low",
            None,
            (
                "alert",
                "/subscriptions/<subscription ID>/providers/Microsoft.AlertsManagement/alerts/"
                "aaaa0a0a-bb1b-cc2c-dd3d-eeeeee4e4e4e",
            ),
        ),
        (
            "cloudwatch_alarm",
            "bucketbytesAlarm",
            "high",
            None,
            ("name", "bucketbytesAlarm", "AWSAccountId", "1234567890", "Region", "EU (Ireland)"),
        ),
        ("gcp_open", "5XX Error Rate > 5%", "critical", None, ("incident", "prod-5xx-123")),
        (
            "sentry_issue_created",
            "A simple message-based issue.",
            "info",
            "zulip-integration-testing",
            ("issue", "1635261062"),
        ),
        ("sentry_plugin", "Failed to load product catalog", "high", "frontend-app", ("issue", "4616132099")),
        ("sentry_metric_alert", "Checkout error rate", "critical", "checkout", ("metric_alert", "4123")),
        ("zabbix_problem", "Disk space is critically low", "critical", "web03", ("trigger", "18422")),
        (
            "checkmk_service_problem",
            "Filesystem /var on db-7",
            "critical",
            "Filesystem /var",
            ("host", "db-7", "service", "Filesystem /var"),
        ),
        ("pingdom_down", "Checkout page", "high", None, ("check", "12345")),
        (
            "incidentio_firing",
            "Replication lag on orders-db",
            "critical",
            "orders-db",
            ("deduplication_key", "orders-db/replication"),
        ),
    ],
)
def test_what_is_read(
    name: str, alert_name: str, severity: str, service: str | None, dedup_fields: tuple[str, ...]
) -> None:
    event = read_one(sender(name), fixture(name))
    assert (event.name, event.severity, event.service) == (alert_name, Severity(severity), service)
    assert event.dedup_fields == dedup_fields


def test_generic_body_as_documented() -> None:
    event = read_one("webhook", fixture("webhook_generic"))
    assert (event.source, event.service, event.severity) == ("prometheus", "payments-api", Severity.CRITICAL)
    assert event.dedup_fields == (
        *("title", "High CPU on payments-api", "service", "payments-api", "namespace", "production"),
        *("pod", "payments-api-7d8f9c6b5-x2k4m", "deployment", "payments-api"),
    )
    assert (event.description, event.warnings) == ("CPU usage > 90% for 5 minutes", ())


def test_alertmanager_times_and_link() -> None:
    event = read_one("alertmanager", fixture("alertmanager_v4"))
    assert event.occurred_at == datetime(2017, 8, 3, 19, 17, 37, 804000, tzinfo=UTC)
    assert event.ended_at is None
    assert event.url is not None and event.url.startswith("http://somehost:9090/graph")
    assert event.sender_key == "{}:{alertname=thing_dead}"


def test_new_relic_epoch_milliseconds() -> None:
    event = read_one("newrelic", fixture("newrelic_issue"))
    assert event.occurred_at == datetime(2024, 4, 22, 3, 5, 31, 352000, tzinfo=UTC)
    assert event.severity is Severity.CRITICAL


def test_postable_list_is_over_once_its_end_has_passed() -> None:
    payload: Any = fixture("alertmanager_postable_v2")
    over = read_one("prometheus", payload)
    payload[0]["endsAt"] = "2026-04-10T12:09:00Z"
    going_on = read_one("prometheus", payload)
    assert (over.action, going_on.action) == (Action.RESOLVE, Action.TRIGGER)
    assert over.dedup_fields == going_on.dedup_fields
    assert (over.ended_at, going_on.ended_at) == (datetime(2026, 4, 10, 12, 4, tzinfo=UTC), None)


def resolved_alertmanager(name: str) -> Any:
    payload = copy.deepcopy(fixture(name))
    assert isinstance(payload, dict)
    alerts: Any = payload["alerts"]
    for alert in alerts:
        alert.update(status="resolved", endsAt="2026-04-10T12:04:10.123456789Z")
        alert["annotations"] = {"summary": "another text"}
    return payload


def other_severity(payload: Any) -> Any:
    payload["alerts"][0]["labels"]["severity"] = "info"
    return payload


def incident_of(name: str) -> Any:
    payload: Any = fixture(name)
    return payload["incident"]


RESOLVES: list[tuple[str, str, Any]] = [
    ("alertmanager_v4", "alertmanager", resolved_alertmanager("alertmanager_v4")),
    ("alertmanager_no_version", "alertmanager", other_severity(resolved_alertmanager("alertmanager_no_version"))),
    ("alertmanager_no_status", "alertmanager", resolved_alertmanager("alertmanager_no_status")),
    ("alertmanager_v4", "prometheus", resolved_alertmanager("alertmanager_v4")),
    ("grafana_unified", "grafana", other_severity(resolved_alertmanager("grafana_unified"))),
    (
        "grafana_legacy",
        "grafana",
        changed(fixture("grafana_legacy"), state="ok", title="[OK] My alert", evalMatches=[]),
    ),
    (
        "prometheus_high_cpu",
        "prometheus",
        {
            "summary": "CPU usage is over 90%",
            "status": "resolved",
            "labels": {"workload": "somecoolworkload", "instance": "example1", "job": "example2", "severity": "info"},
        },
    ),
    ("pagerduty_v2_trigger", "pagerduty", fixture("pagerduty_v2_resolve")),
    ("pagerduty_v1_trigger", "pagerduty", fixture("pagerduty_v1_resolve")),
    ("pagerduty_v1_trigger", "pagerduty", {"event_action": "resolve", "dedup_key": "web03/http"}),
    ("pagerduty_webhook_triggered", "pagerduty", fixture("pagerduty_webhook_resolved")),
    (
        "webhook_generic",
        "webhook",
        changed(fixture("webhook_generic"), status="recovered", severity="ok", description=""),
    ),
    (
        "webhook_generic",
        "webhook",
        changed(fixture("webhook_generic"), title="[RESOLVED] High CPU on payments-api", state="OK"),
    ),
    ("datadog_high_cpu", "datadog", changed(fixture("datadog_high_cpu"), alert_transition="Recovered", priority="P5")),
    ("newrelic_issue", "newrelic", changed(fixture("newrelic_issue"), state="CLOSED", title="closed")),
    (
        "datadog_default",
        "datadog",
        changed(
            fixture("datadog_default"),
            id="7421884903221857194",
            title="[P2] [Recovered on {host:db-7,service:orders}] Disk latency is high",
        ),
    ),
    ("azure_metric_fired", "azure", fixture("azure_metric_resolved")),
    ("cloudwatch_alarm", "cloudwatch", alarm_in("OK")),
    ("gcp_open", "gcp", {"incident": {**incident_of("gcp_open"), "state": "CLOSED", "ended_at": 1775822640}}),
    ("sentry_issue_created", "sentry", changed(fixture("sentry_issue_created"), action="resolved")),
    ("sentry_metric_alert", "sentry", changed(fixture("sentry_metric_alert"), action="resolved")),
    ("zabbix_problem", "zabbix", changed(fixture("zabbix_problem"), id="21915", status="RESOLVED", value="0")),
    ("zabbix_problem", "zabbix", {"trigger_id": "18422", "event_value": "0", "event_name": "Disk space"}),
    (
        "checkmk_service_problem",
        "checkmk",
        {"hostname": "db-7", "servicedesc": "Filesystem /var", "notificationtype": "RECOVERY", "servicestate": "OK"},
    ),
    ("checkmk_service_problem", "checkmk", {"host": "db-7", "service": "Filesystem /var", "state": "CRIT -> OK"}),
    ("pingdom_down", "pingdom", changed(fixture("pingdom_down"), previous_state="DOWN", current_state="UP")),
    ("incidentio_firing", "incidentio", {"deduplication_key": "orders-db/replication", "status": "resolved"}),
    ("opsgenie_create", "opsgenie", {"action": "Close", "alert": {"alertId": "a1", "alias": OPSGENIE_ALIAS}}),
    ("opsgenie_webhook_create", "opsgenie", changed(fixture("opsgenie_webhook_create"), action="Close")),
]


@pytest.mark.parametrize(("name", "source", "resolve"), RESOLVES)
def test_resolve_meets_its_trigger(name: str, source: str, resolve: Any) -> None:
    fired, resolved = read_one(source, fixture(name)), read_one(source, resolve)
    assert (fired.action, resolved.action) == (Action.TRIGGER, Action.RESOLVE)
    assert fired.dedup_fields == resolved.dedup_fields
    assert fired.ended_at is None
    assert resolved.ended_at is not None and resolved.ended_at >= resolved.occurred_at


@pytest.mark.parametrize(
    "name", ["pagerduty_v2_acknowledge", "pagerduty_v1_acknowledge", "pagerduty_webhook_acknowledged"]
)
def test_acknowledge_meets_its_trigger(name: str) -> None:
    acknowledged = read_one("pagerduty", fixture(name))
    fired = read_one("pagerduty", fixture(name.replace("acknowledged", "triggered").replace("acknowledge", "trigger")))
    assert acknowledged.action is Action.ACKNOWLEDGE
    assert acknowledged.dedup_fields == fired.dedup_fields


def test_pagerduty_update_keeps_the_incident_state() -> None:
    event = read_one("pagerduty", fixture("pagerduty_webhook_priority_updated"))
    assert (event.action, event.severity) == (Action.ACKNOWLEDGE, Severity.HIGH)


def test_pagerduty_key_made_for_a_trigger_resolves_it() -> None:
    trigger: Any = fixture("pagerduty_v2_trigger")
    del trigger["dedup_key"]
    fired = read_one("pagerduty", trigger)
    later = copy.deepcopy(trigger)
    later["payload"].update(severity="critical", summary="Replication lag 180 s on orders-db-1")
    _, key = fired.dedup_fields
    assert read_one("pagerduty", later).dedup_fields == fired.dedup_fields
    assert read_one("pagerduty", {"event_action": "resolve", "dedup_key": key}).dedup_fields == fired.dedup_fields


def test_credentials_are_not_kept() -> None:
    for name in ("pagerduty_v2_trigger", "pagerduty_v1_trigger"):
        assert "R0ROUTINGKEY" not in repr(read_one("pagerduty", fixture(name)))


def test_grafana_alert_without_data_is_named_by_its_rule() -> None:
    payload: Any = fixture("grafana_unified")
    payload["alerts"][0]["labels"].update(alertname="DatasourceNoData", rulename="Order queue depth")
    assert read_one("grafana", payload).name == "DatasourceNoData: Order queue depth"


@pytest.mark.parametrize(
    ("header", "name"), [("", "webhook"), (" Alertmanager ", "alertmanager"), ("Nagios", "nagios"), ("\0\n", "webhook")]
)
def test_source_names(header: str, name: str) -> None:
    assert adapter_for(header)[0] == name


def test_unknown_sender_keeps_its_name() -> None:
    name, adapter = adapter_for("Nagios")
    (event,) = adapter({"title": "Host down", "host": "web03", "source": "elsewhere"}, NOW)
    assert (name, event.source) == ("nagios", "nagios")
