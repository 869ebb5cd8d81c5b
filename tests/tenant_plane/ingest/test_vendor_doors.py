"""The doors of other products: their addresses, their credentials, their answers."""

import json
from typing import Any

import httpx
import pytest

from shared.tx import Tenant
from tests.support.tenant_plane import Plane, data, generic_alert, incident_of, refused

V2 = "/v2/enqueue"
V1 = "/generic/2010-04-15/create_event.json"
IO = "/v2/alert_events/http/01JALERTSOURCE"


@pytest.fixture
async def key(admin: httpx.AsyncClient) -> str:
    made = data(await admin.post("/api/apikeys", json={"name": "sender", "scope": "ingestion"}), 201)
    return str(made["api_key"])


def event_v2(key: str, action: str = "trigger", **fields: Any) -> dict[str, Any]:
    payload = {"summary": "Replication lag", "source": "orders-db-1", "severity": "critical"}
    return {"routing_key": key, "event_action": action, "dedup_key": "lag", "payload": payload, **fields}


async def test_pagerduty_v2_from_trigger_to_resolve(plane: Plane, admin: httpx.AsyncClient, key: str) -> None:
    async with plane.client() as sender:
        for action, status in (("trigger", "triggered"), ("acknowledge", "acknowledged"), ("resolve", "resolved")):
            answer = await sender.post(V2, json=event_v2(key, action))
            assert (answer.status_code, answer.json()) == (
                202,
                {"status": "success", "message": "Event processed", "dedup_key": "lag"},
            )
            assert (await incident_of(admin, "INC-1"))["status"] == status
    (alert,) = data(await admin.get("/api/alerts"))["items"]
    events = data(await admin.get(f"/api/alerts/{alert['id']}/events"))["items"]
    assert key not in str(events)


async def test_pagerduty_makes_a_key_that_resolves_what_it_was_made_for(
    plane: Plane, admin: httpx.AsyncClient, key: str
) -> None:
    async with plane.client() as sender:
        event = event_v2(key)
        del event["dedup_key"]
        made = (await sender.post(V2, json=event)).json()["dedup_key"]
        await sender.post(V2, json={"routing_key": key, "event_action": "resolve", "dedup_key": made})
    assert (await incident_of(admin, "INC-1"))["status"] == "resolved"


async def test_pagerduty_v1(plane: Plane, admin: httpx.AsyncClient, key: str) -> None:
    async with plane.client() as sender:
        for kind, status in (("trigger", "triggered"), ("resolve", "resolved")):
            event = {"service_key": key, "event_type": kind, "incident_key": "web03/http", "description": "Down"}
            answer = await sender.post(V1, json=event)
            assert (answer.status_code, answer.json()) == (
                200,
                {"status": "success", "message": "Event processed", "incident_key": "web03/http"},
            )
            assert (await incident_of(admin, "INC-1"))["status"] == status


@pytest.mark.parametrize(
    ("door", "event"), [(V2, {"event_action": "resolve"}), (V2, {}), (V1, {"event_type": "resolve"}), (V1, {})]
)
async def test_an_event_that_names_no_alert_is_refused_as_theirs_and_kept(
    plane: Plane, admin: httpx.AsyncClient, key: str, door: str, event: dict[str, Any]
) -> None:
    field = "routing_key" if door == V2 else "service_key"
    async with plane.client() as sender:
        answer = await sender.post(door, json={field: key, **event})
    assert answer.status_code == 400
    body = answer.json()
    assert (body["status"], body["message"]) == ("invalid event", "Event object is invalid")
    (letter,) = data(await admin.get("/api/webhook/dead-letter"))["items"]
    assert body["errors"] == [letter["error"]]


@pytest.mark.parametrize("door", [V2, V1])
@pytest.mark.parametrize("body", [b"{}", b"[]", b"not json", b'{"routing_key": 1, "service_key": null}', b"\xff"])
async def test_without_a_key_in_the_body_nobody_gets_in(plane: Plane, tenant: Tenant, door: str, body: bytes) -> None:
    async with plane.client() as stranger, plane.unchanged(tenant):
        refused(await stranger.post(door, content=body), 401, "UNAUTHORIZED")


async def test_a_key_in_a_body_is_none_elsewhere(plane: Plane, tenant: Tenant, key: str) -> None:
    async with plane.client() as stranger, plane.unchanged(tenant):
        refused(await stranger.post("/api/webhook", json={"routing_key": key, "title": "x"}), 401, "UNAUTHORIZED")
        refused(await stranger.get(f"/api/alerts?routing_key={key}"), 401, "UNAUTHORIZED")


async def test_too_large_for_pagerduty(plane: Plane, tenant: Tenant, key: str) -> None:
    async with plane.client() as sender, plane.unchanged(tenant):
        refused(await sender.post(V2, content=b" " * (512 * 1024 + 1)), 413, "PAYLOAD_TOO_LARGE")


async def test_the_answer_is_theirs_whatever_profile_a_key_has(plane: Plane, admin: httpx.AsyncClient) -> None:
    made = data(await admin.post("/api/apikeys", json={"name": "k", "scope": "ingestion", "profile": "k8s"}), 201)
    async with plane.client() as sender:
        answer = await sender.post(f"{V2}?profile=k8s", json=event_v2(made["api_key"]))
    assert answer.json() == {"status": "success", "message": "Event processed", "dedup_key": "lag"}


async def test_incident_io(plane: Plane, admin: httpx.AsyncClient, key: str) -> None:
    async with plane.client(authorization=f"Bearer {key}") as sender:
        for word, status in (("firing", "triggered"), ("resolved", "resolved")):
            event = {"title": "Lag", "deduplication_key": "lag", "status": word, "metadata": {"service": "orders"}}
            answer = await sender.post(IO, json=event)
            assert (answer.status_code, answer.json()) == (
                202,
                {"status": "success", "message": "Event accepted for processing", "deduplication_key": "lag"},
            )
            assert (await incident_of(admin, "INC-1"))["status"] == status
        bad = await sender.post(IO, json={"status": "firing"})
    assert (bad.status_code, bad.json()["status"]) == (422, "error")
    assert data(await admin.get("/api/webhook/dead-letter"))["total"] == 1


async def test_a_prometheus_that_takes_us_for_an_alertmanager(plane: Plane, admin: httpx.AsyncClient, key: str) -> None:
    labels = {"alertname": "Down", "service": "checkout", "severity": "critical"}
    async with plane.client(authorization=f"Bearer {key}") as sender:
        for ends_at, status in (("2999-01-01T00:00:00Z", "triggered"), ("2026-01-01T00:00:00Z", "resolved")):
            alert = {"labels": labels, "startsAt": "2025-12-31T23:59:00Z", "endsAt": ends_at}
            answer = await sender.post("/api/v2/alerts", json=[alert])
            assert (answer.status_code, answer.json()) == (200, {"status": "success"})
            assert (await incident_of(admin, "INC-1"))["status"] == status


async def test_a_sender_that_can_set_no_header_names_itself_in_the_address(
    plane: Plane, admin: httpx.AsyncClient, key: str
) -> None:
    async with plane.client() as sender:
        pingdom = {"check_id": 7, "check_name": "Checkout", "current_state": "DOWN"}
        data(await sender.post(f"/api/webhook/pingdom?api_key={key}", json=pingdom))
        zabbix = {"triggerId": "1", "name": "Disk", "status": "PROBLEM"}
        data(await sender.post(f"/api/webhook/Zabbix?token={key}", json=zabbix), 202)
        data(await sender.post(f"/api/webhook/nagios?token={key}", json=generic_alert()))
    sources = {alert["source"] for alert in data(await admin.get("/api/alerts"))["items"]}
    assert sources == {"pingdom", "zabbix", "nagios"}


async def test_opsgenies_scheme_is_a_credential(plane: Plane, key: str) -> None:
    async with plane.client(authorization=f"GenieKey {key}") as sender:
        data(await sender.post("/api/webhook/opsgenie", json={"message": "Down", "alias": "a"}))


async def test_the_adapters_are_listed_as_the_reference_has_it(viewer: httpx.AsyncClient) -> None:
    listed = (await viewer.get("/api/adapters")).json()
    wanted = {"alertmanager", "datadog", "grafana", "newrelic", "opsgenie", "pagerduty", "prometheus", "webhook"}
    assert wanted <= set(listed["alert_sources"])
    assert listed == {
        "alert_sources": sorted(listed["alert_sources"]),
        "log_backends": [],
        "action_providers": [],
        "action_names": [],
        "notification_channels": [],
    }


async def test_the_key_in_a_body_is_not_kept_with_it(plane: Plane, admin: httpx.AsyncClient, key: str) -> None:
    async with plane.client() as sender:
        await sender.post(V2, json={"routing_key": key, "payload": {"summary": "a change event"}})
    (letter,) = data(await admin.get("/api/webhook/dead-letter"))["items"]
    assert letter["payload"] == {"routing_key": "[removed]", "payload": {"summary": "a change event"}}


async def test_a_source_in_the_address_is_cleaned_before_it_is_kept(plane: Plane, admin: httpx.AsyncClient) -> None:
    data(await admin.post("/api/webhook/%00Nagios", content=b"not json"), 202)
    (letter,) = data(await admin.get("/api/webhook/dead-letter"))["items"]
    assert letter["source"] == "nagios"


async def test_a_byte_order_mark_hides_no_key(plane: Plane, key: str) -> None:
    async with plane.client() as sender:
        answer = await sender.post(V2, content=b"\xef\xbb\xbf" + json.dumps(event_v2(f" {key} ")).encode())
    assert answer.status_code == 202
