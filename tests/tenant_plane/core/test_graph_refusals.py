"""What GraphQL refuses it refuses as REST does: the same codes, the same words, and nothing changed."""

from typing import Any

import httpx
import pytest

from shared.tx import Tenant
from tests.support.tenant_plane import Plane, asked, fired, graph_errors, opened, refused

REFUSALS: dict[str, tuple[str, str, str, Any]] = {
    "no such incident": ('incident(ref: "INC-9") { id }', "GET", "/api/incidents/INC-9", None),
    "no such alert": (
        'alert(id: "01a212e8-8323-71c8-bcda-f95b377e5059") { id }',
        "GET",
        "/api/alerts/01a212e8-8323-71c8-bcda-f95b377e5059",
        None,
    ),
    "a page of nothing": ("incidents(first: 0) { totalCount }", "GET", "/api/incidents?limit=0", None),
    "a page too large": ("alerts(first: 1001) { totalCount }", "GET", "/api/alerts?limit=1001", None),
    "not a cursor": ('incidents(after: "x") { edges { cursor } }', "GET", "/api/incidents?cursor=x", None),
    "a long search": (
        f'incidents(q: "{"x" * 201}") {{ totalCount }}',
        "GET",
        f"/api/incidents?q={'x' * 201}",
        None,
    ),
    "a NUL": ('alerts(q: "\\u0000") { totalCount }', "GET", "/api/alerts?q=%00", None),
}
FORBIDDEN: dict[str, tuple[str, str, str, Any]] = {
    "an empty title": (
        'createIncident(input: {title: " ", severity: LOW}) { id }',
        "POST",
        "/api/incidents",
        {"title": " ", "severity": "low"},
    ),
    "an illegal step": (
        'updateIncident(ref: "INC-1", input: {status: CLOSED}) { id }',
        "PATCH",
        "/api/incidents/INC-1",
        {"status": "closed"},
    ),
    "a title of null": (
        'updateIncident(ref: "INC-1", input: {title: null}) { id }',
        "PATCH",
        "/api/incidents/INC-1",
        {"title": None},
    ),
    "already resolved": ('resolveIncident(ref: "INC-2") { id }', "POST", "/api/incidents/INC-2/resolve", {}),
    "acknowledging what is over": (
        'acknowledgeIncident(ref: "INC-2") { id }',
        "POST",
        "/api/incidents/INC-2/acknowledge",
        {},
    ),
    "nothing to snooze for": ('snoozeIncident(ref: "INC-1") { id }', "POST", "/api/incidents/INC-1/snooze", {}),
    "a snooze too long": (
        'snoozeIncident(ref: "INC-1", duration: "31d") { id }',
        "POST",
        "/api/incidents/INC-1/snooze",
        {"duration": "31d"},
    ),
    "a note without a text": (
        'addIncidentNote(ref: "INC-1", text: "") { id }',
        "POST",
        "/api/incidents/INC-1/notes",
        {"text": ""},
    ),
    "a note on nothing": (
        'addIncidentNote(ref: "INC-9", text: "x") { id }',
        "POST",
        "/api/incidents/INC-9/notes",
        {"text": "x"},
    ),
}


@pytest.mark.parametrize(("query", "method", "path", "body"), REFUSALS.values(), ids=REFUSALS)
async def test_both_doors_refuse_reading_alike(
    admin: httpx.AsyncClient, query: str, method: str, path: str, body: Any
) -> None:
    await opened(admin)
    rest = (await admin.request(method, path, json=body)).json()
    (error,) = await graph_errors(admin, f"{{ {query} }}")
    assert (error["extensions"]["code"], error["extensions"]["status"]) == (rest["code"], rest["status_code"])
    assert len(error["extensions"]["trace_id"]) == 32


@pytest.mark.parametrize(("mutation", "method", "path", "body"), FORBIDDEN.values(), ids=FORBIDDEN)
async def test_both_doors_refuse_changing_alike(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, mutation: str, method: str, path: str, body: Any
) -> None:
    await opened(admin)
    await opened(admin)
    await admin.post("/api/incidents/INC-2/resolve", json={})
    async with plane.unchanged(tenant):
        rest = (await admin.request(method, path, json=body)).json()
        (error,) = await graph_errors(admin, f"mutation {{ {mutation} }}")
    assert (error["extensions"]["code"], error["extensions"]["status"]) == (rest["code"], rest["status_code"])
    assert rest["code"] in {"VALIDATION_ERROR", "INVALID_TRANSITION", "CONFLICT", "NOT_FOUND"}


async def test_a_stale_version_is_refused_in_the_same_words(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient
) -> None:
    await opened(admin)
    await admin.patch("/api/incidents/INC-1", json={"title": "Mine"})
    async with plane.unchanged(tenant):
        response = await admin.patch("/api/incidents/INC-1", json={"title": "x"}, headers={"if-match": "1"})
        (error,) = await graph_errors(
            admin, 'mutation { updateIncident(ref: "INC-1", input: {title: "x"}, ifMatch: 1) { id } }'
        )
    assert error["message"] == refused(response, 412, "PRECONDITION_FAILED")["detail"]
    assert error["extensions"]["code"] == "PRECONDITION_FAILED"


async def test_a_viewer_mutates_nothing(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, viewer: httpx.AsyncClient
) -> None:
    await opened(admin)
    async with plane.unchanged(tenant):
        for mutation in (
            'createIncident(input: {title: "x", severity: LOW}) { id }',
            'updateIncident(ref: "INC-1", input: {title: "x"}) { id }',
            'acknowledgeIncident(ref: "INC-1") { id }',
            'resolveIncident(ref: "INC-1") { id }',
            'snoozeIncident(ref: "INC-1", duration: "1h") { id }',
            'addIncidentNote(ref: "INC-1", text: "x") { id }',
        ):
            (error,) = await graph_errors(viewer, f"mutation {{ {mutation} }}")
            assert error["message"] == (
                "This needs the permission incidents:write, which the role viewer does not have."
            )
            assert (error["extensions"]["code"], error["extensions"]["status"]) == ("FORBIDDEN", 403)
    assert (await asked(viewer, '{ incident(ref: "INC-1") { title } }'))["incident"]["title"] == "Checkout is down"


async def test_a_stranger_hears_the_same_as_over_rest(plane: Plane, tenant: Tenant) -> None:
    async with plane.client() as stranger:
        refused(await stranger.post("/graphql", json={"query": "{ __typename }"}), 401, "UNAUTHORIZED")
    async with plane.client(tenant, **{"x-tenant-id": "other"}) as liar:
        refused(await liar.post("/graphql", json={"query": "{ __typename }"}), 403, "FORBIDDEN")


async def test_another_tenant_gets_nothing(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient) -> None:
    incident = await opened(admin)
    alert = (await fired(admin))["alerts"][0]["alert_id"]
    async with plane.client(await plane.new_tenant()) as stranger, plane.unchanged(tenant):
        for query in (
            f'{{ incident(ref: "{incident["id"]}") {{ id }} }}',
            f'{{ alert(id: "{alert}") {{ id }} }}',
            f'mutation {{ resolveIncident(ref: "{incident["id"]}") {{ id }} }}',
        ):
            (error,) = await graph_errors(stranger, query)
            assert error["extensions"]["code"] == "NOT_FOUND"
