"""Opening an incident by hand, reading it, and every way of doing it wrong."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.tx import Tenant
from tests.support.tenant_plane import Plane, data, fields_of, incident_of, opened, refused, timeline_of

LONG = "x" * 301


async def test_an_opened_incident(tenant: Tenant, admin: httpx.AsyncClient) -> None:
    body = {
        "title": "  Checkout is down ",
        "severity": "SEV1",
        "description": "Nobody can pay.\nSince noon.",
        "source": "phone",
        "service": "checkout",
        "environment": "production",
        "assignee": "ana@acme.example",
        "ci_ids": ["ci-1", "ci-2", "ci-1"],
    }
    response = await admin.post("/api/incidents", json=body)
    incident = data(response, 201)
    assert response.headers["etag"] == '"1"'
    assert incident == {
        **body,
        "title": "Checkout is down",
        "severity": "critical",
        "priority": "P1",
        "ci_ids": ["ci-1", "ci-2"],
        "id": incident["id"],
        "reference": "INC-00000001",
        "status": "triggered",
        "alert_count": 0,
        "firing_count": 0,
        "resolution_notes": None,
        "resolved_by": None,
        "snoozed_until": None,
        "created_at": incident["created_at"],
        "updated_at": incident["created_at"],
        "acknowledged_at": None,
        "resolved_at": None,
        "closed_at": None,
        "version": 1,
        "next_statuses": ["open"],
    }
    assert UUID(incident["id"]).version == 7
    assert incident["created_at"].endswith("Z") and len(incident["created_at"]) == len("2026-04-01T18:00:00.123Z")
    entries = await timeline_of(admin, "INC-1")
    assert [(e["event_type"], e["actor"], e["actor_kind"], e["payload"]) for e in entries] == [
        (
            "incident_created",
            f"admin@{tenant.id}.example",
            "user",
            {"title": "Checkout is down", "severity": "critical"},
        )
    ]


async def test_what_is_left_out_is_empty(admin: httpx.AsyncClient) -> None:
    incident = await opened(admin)
    assert {name: incident[name] for name in ("description", "source", "service", "environment", "assignee")} == {
        "description": "",
        "source": "manual",
        "service": None,
        "environment": None,
        "assignee": None,
    }
    assert incident["ci_ids"] == []


async def test_an_incident_is_found_by_id_and_by_reference_in_any_case(admin: httpx.AsyncClient) -> None:
    incident = await opened(admin)
    for name in (incident["id"], incident["id"].upper(), "INC-00000001", "inc-1", "Inc-0001"):
        response = await admin.get(f"/api/incidents/{name}")
        assert data(response) == incident
        assert response.headers["etag"] == '"1"'


@pytest.mark.parametrize(
    "name",
    ["INC-2", "INC-0", "INC-999999999999999999", "nonsense", "01a212e8-8323-71c8-bcda-f95b377e5059", "%00", "%25"],
)
async def test_what_does_not_exist(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, name: str) -> None:
    await opened(admin)
    async with plane.unchanged(tenant):
        for method, path, body in (
            ("GET", "", None),
            ("PATCH", "", {"title": "x"}),
            ("GET", "/timeline", None),
            ("GET", "/alerts", None),
            ("POST", "/acknowledge", {}),
            ("POST", "/resolve", {}),
            ("POST", "/snooze", {"duration": "1h"}),
            ("POST", "/notes", {"text": "x"}),
        ):
            refused(await admin.request(method, f"/api/incidents/{name}{path}", json=body), 404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["body.title", "body.severity"]),
        ({"title": "a"}, ["body.severity"]),
        ({"title": "", "severity": "low"}, ["body.title"]),
        ({"title": "   ", "severity": "low"}, ["body.title"]),
        ({"title": LONG, "severity": "low"}, ["body.title"]),
        ({"title": None, "severity": None}, ["body.title", "body.severity"]),
        ({"title": 5, "severity": "low"}, ["body.title"]),
        ({"title": "a\x00b", "severity": "low"}, ["body.title"]),
        ({"title": "a", "severity": "urgent"}, ["body.severity"]),
        ({"title": "a", "severity": 1}, ["body.severity"]),
        ({"title": "a", "severity": "low", "status": "open"}, ["body.status"]),
        ({"title": "a", "severity": "low", "description": "x" * 20_001}, ["body.description"]),
        ({"title": "a", "severity": "low", "service": ""}, ["body.service"]),
        ({"title": "a", "severity": "low", "service": "s" * 255}, ["body.service"]),
        ({"title": "a", "severity": "low", "ci_ids": "ci-1"}, ["body.ci_ids"]),
        ({"title": "a", "severity": "low", "ci_ids": ["a", "", None]}, ["body.ci_ids.1", "body.ci_ids.2"]),
        ({"title": "a", "severity": "low", "ci_ids": [str(n) for n in range(101)]}, ["body.ci_ids"]),
        ([], ["body"]),
        ("a", ["body"]),
    ],
)
async def test_an_incident_that_is_not_one(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, body: Any, fields: list[str]
) -> None:
    async with plane.unchanged(tenant):
        error = refused(await admin.post("/api/incidents", json=body), 422, "VALIDATION_ERROR")
    assert fields_of(error) == fields
    assert all(wrong["message"] for wrong in error["errors"])


@pytest.mark.parametrize(
    "raw", [b"{", b"title=x", b"\xff", b'{"title": "\xff"}', b"{'title': 1}", b'{"title": "\\ud800"}']
)
async def test_a_body_that_is_not_json(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, raw: bytes) -> None:
    async with plane.unchanged(tenant):
        error = refused(await admin.post("/api/incidents", content=raw), 400, "BAD_REQUEST")
    assert error["detail"].startswith("The body is not valid JSON: ")


async def test_a_viewer_reads_and_changes_nothing(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, viewer: httpx.AsyncClient
) -> None:
    incident = await opened(admin)
    assert await incident_of(viewer, "INC-1") == incident
    async with plane.unchanged(tenant):
        for method, path, body in (
            ("POST", "/api/incidents", {"title": "a", "severity": "low"}),
            ("PATCH", "/api/incidents/INC-1", {"title": "x"}),
            ("POST", "/api/incidents/INC-1/acknowledge", {}),
            ("POST", "/api/incidents/INC-1/resolve", {}),
            ("POST", "/api/incidents/INC-1/snooze", {"duration": "1h"}),
            ("POST", "/api/incidents/INC-1/notes", {"text": "x"}),
        ):
            error = refused(await viewer.request(method, path, json=body), 403, "FORBIDDEN")
            assert error["detail"] == "This needs the permission incidents:write, which the role viewer does not have."


async def test_another_tenant_sees_nothing_of_it(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient) -> None:
    incident = await opened(admin)
    other = await plane.new_tenant()
    async with plane.client(other) as stranger, plane.unchanged(tenant):
        refused(await stranger.get(f"/api/incidents/{incident['id']}"), 404, "NOT_FOUND")
        refused(await stranger.post(f"/api/incidents/{incident['id']}/resolve", json={}), 404, "NOT_FOUND")
        assert data(await stranger.get("/api/incidents"))["total"] == 0


async def test_the_versioned_path_is_the_same_tree(admin: httpx.AsyncClient) -> None:
    incident = data(await admin.post("/api/v1/incidents", json={"title": "a", "severity": "low"}), 201)
    assert data(await admin.get("/api/incidents/INC-1")) == incident
    assert data(await admin.get("/api/v1/incidents/INC-1")) == incident
    refused(await admin.get("/api/v1/nothing"), 404, "NOT_FOUND")
    refused(await admin.get("/api/v2/incidents"), 404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "/api/incidents", "GET, HEAD, POST"),
        ("PUT", "/api/incidents/INC-1", "GET, HEAD, PATCH"),
        ("GET", "/api/incidents/INC-1/resolve", "POST"),
        ("POST", "/api/alerts", "GET, HEAD"),
        ("GET", "/api/webhook", "POST"),
        ("OPTIONS", "/api/incidents", "GET, HEAD, POST"),
    ],
)
async def test_a_method_that_is_not_possible(admin: httpx.AsyncClient, method: str, path: str, allow: str) -> None:
    response = await admin.request(method, path)
    refused(response, 405, "METHOD_NOT_ALLOWED")
    assert response.headers["allow"] == allow
