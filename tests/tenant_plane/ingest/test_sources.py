"""Every sender's format over HTTP: its trigger opens an incident, its resolve ends the same one."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.tx import Tenant
from tests.support.tenant_plane import Plane, data, generic_alert, incident_of, moves, timeline_of

FIXTURES = Path(__file__).parents[2] / "adapters" / "fixtures"
WALK = [
    ("triggered", "open"),
    ("open", "acknowledged"),
    ("acknowledged", "investigating"),
    ("investigating", "resolved"),
]


def sample(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text())


def one_alert(name: str, **fields: Any) -> Any:
    """A sample of Alertmanager's format whose alerts all say something else than before."""
    body = sample(name)
    return {**body, "alerts": [{**alert, **fields} for alert in body["alerts"]]}


OVER = {"status": "resolved", "endsAt": "2024-03-01T02:19:00Z"}
SOURCES: Mapping[str, tuple[str, Any, Any, dict[str, Any]]] = {
    "generic": (
        "webhook",
        generic_alert(),
        generic_alert(status="resolved"),
        {"source": "webhook", "title": "High CPU", "severity": "critical", "service": "payments-api"},
    ),
    "an unknown name": (
        "Nagios XI",
        generic_alert(),
        generic_alert(state="OK"),
        {"source": "nagios xi", "title": "High CPU", "severity": "critical", "service": "payments-api"},
    ),
    "alertmanager": (
        "alertmanager",
        sample("alertmanager_v4"),
        one_alert("alertmanager_v4", **OVER),
        {
            "source": "alertmanager",
            "title": "thing_dead: No things for over 10 minutes",
            "severity": "critical",
            "service": None,
        },
    ),
    "prometheus": (
        "Prometheus",
        sample("prometheus_high_cpu"),
        {**sample("prometheus_high_cpu"), "status": "resolved"},
        {
            "source": "prometheus",
            "title": "CPU usage is over 90%",
            "severity": "critical",
            "service": "somecoolworkload",
        },
    ),
    "grafana unified": (
        "grafana",
        sample("grafana_unified"),
        one_alert("grafana_unified", **OVER),
        {"source": "grafana", "title": "Memory (copy): High memory usage", "severity": "medium", "service": None},
    ),
    "grafana legacy": (
        "grafana",
        sample("grafana_legacy"),
        {**sample("grafana_legacy"), "state": "ok", "title": "[OK] My alert"},
        {"source": "grafana", "title": "Load peaking!", "severity": "medium", "service": None},
    ),
    "pagerduty v1": (
        "pagerduty",
        sample("pagerduty_v1_trigger"),
        sample("pagerduty_v1_resolve"),
        {
            "source": "pagerduty",
            "title": "HTTP check failed on web03.acme.example",
            "severity": "high",
            "service": None,
        },
    ),
    "pagerduty v2": (
        "pagerduty",
        sample("pagerduty_v2_trigger"),
        sample("pagerduty_v2_resolve"),
        {
            "source": "pagerduty",
            "title": "Replication lag 94 s on orders-db-1",
            "severity": "medium",
            "service": "orders-db",
        },
    ),
    "pagerduty v3": (
        "pagerduty",
        sample("pagerduty_webhook_triggered"),
        sample("pagerduty_webhook_resolved"),
        {"source": "pagerduty", "title": "Checkout answers slowly", "severity": "high", "service": "checkout"},
    ),
}


@pytest.mark.parametrize(("source", "trigger", "resolve", "opens"), SOURCES.values(), ids=SOURCES)
async def test_a_trigger_opens_an_incident_and_a_resolve_ends_it(
    admin: httpx.AsyncClient, source: str, trigger: Any, resolve: Any, opens: dict[str, Any]
) -> None:
    headers = {"x-source": source}
    first = data(await admin.post("/api/webhook", json=trigger, headers=headers))
    incident = await incident_of(admin, first["incident_reference"])
    assert {name: incident[name] for name in opens} == opens
    assert (incident["status"], incident["alert_count"], incident["firing_count"]) == ("triggered", 1, 1)
    assert [outcome["change"] for outcome in first["alerts"]] == ["fired"]

    last = data(await admin.post("/api/webhook", json=resolve, headers=headers))
    assert [outcome["change"] for outcome in last["alerts"]] == ["resolved"]
    assert last["alerts"][0]["fingerprint"] == first["alerts"][0]["fingerprint"]
    assert last["incident_id"] == first["incident_id"]
    incident = await incident_of(admin, first["incident_reference"])
    assert (incident["status"], incident["alert_count"], incident["firing_count"]) == ("resolved", 1, 0)
    assert incident["resolved_by"] == f"source:{opens['source']}"
    assert moves(await timeline_of(admin, incident["id"])) == WALK
    alert = data(await admin.get(f"/api/alerts/{first['alerts'][0]['alert_id']}"))
    assert (alert["status"], alert["occurrences"], alert["incident_id"]) == ("resolved", 1, incident["id"])
    assert alert["ends_at"] >= alert["starts_at"]


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_an_acknowledge_at_its_source_acknowledges_the_incident(admin: httpx.AsyncClient, version: str) -> None:
    headers = {"x-source": "pagerduty"}
    first = data(await admin.post("/api/webhook", json=sample(f"pagerduty_{version}_trigger"), headers=headers))
    seen = data(await admin.post("/api/webhook", json=sample(f"pagerduty_{version}_acknowledge"), headers=headers))
    assert [outcome["change"] for outcome in seen["alerts"]] == ["acknowledged"]
    incident = await incident_of(admin, first["incident_reference"])
    assert (incident["status"], incident["firing_count"], incident["assignee"]) == ("acknowledged", 1, None)
    assert incident["acknowledged_at"] is not None
    entries = await timeline_of(admin, incident["id"])
    assert moves(entries) == [("triggered", "open"), ("open", "acknowledged")]
    assert {(e["actor"], e["actor_kind"]) for e in entries if e["event_type"] == "status_changed"} == {
        ("source:pagerduty", "source")
    }
    again = data(await admin.post("/api/webhook", json=sample(f"pagerduty_{version}_acknowledge"), headers=headers))
    assert again["incident_id"] == first["incident_id"]
    assert await timeline_of(admin, incident["id"]) == entries


async def test_the_alertmanager_door_speaks_of_all_incidents_of_the_group(admin: httpx.AsyncClient) -> None:
    body = {
        "version": "4",
        "status": "firing",
        "alerts": [
            {
                "labels": {"alertname": "Down", "service": service, "severity": "page"},
                "startsAt": "2026-04-01T18:00:00Z",
            }
            for service in ("api", "web", "api")
        ],
    }
    body["alerts"][2]["labels"]["pod"] = "api-2"  # type: ignore[index]
    answer = await admin.post("/api/alerts/webhook", json=body)
    assert answer.status_code == 200
    told = answer.json()
    assert {name: told[name] for name in ("status", "rca_triggered", "anomaly_id", "dead_letter_id")} == {
        "status": "ok",
        "rca_triggered": False,
        "anomaly_id": None,
        "dead_letter_id": None,
    }
    assert len(told["incident_ids"]) == 2
    assert [outcome["incident_id"] for outcome in told["alerts"]] == [
        told["incident_ids"][0],
        told["incident_ids"][1],
        told["incident_ids"][0],
    ]
    assert [outcome["rule"] for outcome in told["alerts"]] == ["same_service_within_window"] * 3
    assert [outcome["group_id"] for outcome in told["alerts"]] == [None, None, told["incident_ids"][0]]


async def test_the_root_door_answers_without_an_envelope(admin: httpx.AsyncClient) -> None:
    first = (await admin.post("/webhook", json=generic_alert())).json()
    second = (await admin.post("/webhook", json=generic_alert())).json()
    third = (await admin.post("/webhook", json=generic_alert(title="High memory"))).json()
    assert (first["ok"], first["deduplicated"], first["dedup_strategy"], first["group_id"]) == (True, False, None, None)
    assert (second["deduplicated"], second["dedup_strategy"], second["group_id"]) == (True, "fingerprint", None)
    assert (third["deduplicated"], third["dedup_strategy"]) == (False, "same_service_within_window")
    assert third["group_id"] == third["incident_id"] == second["incident_id"] == first["incident_id"]


async def test_the_older_versioned_path_is_the_same_door(admin: httpx.AsyncClient) -> None:
    first = data(await admin.post("/api/v1/webhook", json=generic_alert()))
    second = data(await admin.post("/api/webhook", json=generic_alert()))
    assert (first["incident_id"], second["deduplicated"]) == (second["incident_id"], True)


@pytest.mark.parametrize("name", ["api_key", "token"])
async def test_a_sender_that_can_set_no_header_puts_its_key_into_the_address(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, name: str
) -> None:
    made = data(await admin.post("/api/apikeys", json={"name": "grafana", "scope": "ingestion"}), 201)
    async with plane.client() as sender:
        answer = data(await sender.post(f"/api/webhook?{name}={made['api_key']}", json=generic_alert()))
        assert answer["ok"] is True
        listed = await sender.get(f"/api/alerts?{name}={made['api_key']}")
        assert listed.status_code == 401
    events = data(await admin.get(f"/api/alerts/{answer['alerts'][0]['alert_id']}/events"))["items"]
    assert [(event["sender"], event["action"], event["raw"]) for event in events] == [
        ("grafana", "trigger", generic_alert())
    ]


async def test_credentials_of_the_sender_are_not_kept(admin: httpx.AsyncClient) -> None:
    body = sample("pagerduty_v2_trigger")
    answer = data(await admin.post("/api/webhook", json=body, headers={"x-source": "pagerduty"}))
    events = data(await admin.get(f"/api/alerts/{answer['alerts'][0]['alert_id']}/events"))["items"]
    assert events[0]["raw"] == {**body, "routing_key": "[removed]"}
