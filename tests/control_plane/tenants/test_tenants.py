"""Tenants over HTTP, for a super-admin."""

from typing import Any
from unittest.mock import ANY

import pytest

from tests.control_plane.support import ControlPlane

ACME = {"tenant_id": "acme-corp", "name": "Acme Corporation", "plan": "pro", "contact_email": "Ops@acme.example"}


async def test_create_and_read(control: ControlPlane) -> None:
    headers = await control.super_admin()
    created = await control.client.post("/api/tenants", json=ACME, headers=headers)
    read = await control.client.get("/api/tenants/acme-corp", headers=headers)
    assert (created.status_code, read.status_code) == (201, 200)
    assert (
        created.json()["data"]
        == read.json()["data"]
        == {
            "tenant_id": "acme-corp",
            "name": "Acme Corporation",
            "plan": "pro",
            "contact_email": "ops@acme.example",
            "state": "active",
            "created_at": ANY,
            "events_this_month": None,
        }
    )
    events = await control.sql("select kind, body from events where kind like 'tenant.%' order by id")
    assert [tuple(row) for row in events] == [
        ("tenant.requested", {"tenant_id": "acme-corp", "plan": "pro"}),
        ("tenant.moved", {"tenant_id": "acme-corp", "previous": "provisioning", "state": "active"}),
    ]


async def test_an_unknown_tenant(control: ControlPlane) -> None:
    headers = await control.super_admin()
    answer = await control.client.get("/api/tenants/nobody", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    "change", [{}, {"name": "Another"}, {"plan": "free"}], ids=["equal", "other name", "other plan"]
)
async def test_a_duplicate_is_a_conflict(control: ControlPlane, change: dict[str, str]) -> None:
    headers = await control.super_admin()
    await control.client.post("/api/tenants", json=ACME, headers=headers)
    answer = await control.client.post("/api/tenants", json={**ACME, **change}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "CONFLICT")
    assert await control.sql("select name, plan from tenants") == [("Acme Corporation", "pro")]
    assert control.plane.calls == ["acme-corp"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"tenant_id": "Acme"}, "body.tenant_id"),
        ({"tenant_id": "a"}, "body.tenant_id"),
        ({"tenant_id": "a_b_c"}, "body.tenant_id"),
        ({"tenant_id": "x" * 41}, "body.tenant_id"),
        ({"name": " "}, "body.name"),
        ({"name": "a\x00b"}, "body.name"),
        ({"plan": "platinum"}, "body.plan"),
        ({"contact_email": "nobody"}, "body.contact_email"),
        ({"state": "active"}, "body.state"),
    ],
)
async def test_what_is_wrong_is_named_and_nothing_is_made(
    control: ControlPlane, change: dict[str, Any], field: str
) -> None:
    headers = await control.super_admin()
    answer = await control.client.post("/api/tenants", json={**ACME, **change}, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert await control.sql("select tenant_id from tenants") == []
    assert control.plane.calls == []


async def test_pages_stay_stable_while_tenants_arrive(control: ControlPlane) -> None:
    headers = await control.super_admin()
    for number in range(5):
        await control.add_tenant(f"tenant-{number}")
    first = (await control.client.get("/api/tenants?limit=2", headers=headers)).json()["data"]
    await control.add_tenant("a-new-one")
    rest, cursor = [], first["next_cursor"]
    for _ in range(2):
        page = (await control.client.get(f"/api/tenants?limit=2&cursor={cursor}", headers=headers)).json()["data"]
        rest += page["items"]
        cursor = page["next_cursor"]
    assert [item["tenant_id"] for item in first["items"] + rest] == [f"tenant-{number}" for number in range(5)]
    assert (first["total"], page["total"], cursor) == (5, 6, None)


@pytest.mark.parametrize("query", ["limit=2&offset=2", "page=2&pageSize=2"])
async def test_pages_for_clients_that_count(control: ControlPlane, query: str) -> None:
    headers = await control.super_admin()
    for number in range(5):
        await control.add_tenant(f"tenant-{number}")
    page = (await control.client.get(f"/api/tenants?{query}", headers=headers)).json()["data"]
    assert [item["tenant_id"] for item in page["items"]] == ["tenant-2", "tenant-3"]
    assert (page["limit"], page["offset"], page["total"]) == (2, 2, 5)


async def test_a_list_can_be_narrowed_to_states(control: ControlPlane) -> None:
    headers = await control.super_admin()
    for tenant_id in ("one", "two", "three"):
        await control.add_tenant(tenant_id)
    await control.execute("update tenants set state = 'suspended' where tenant_id = 'two'")
    await control.execute("update tenants set state = 'deleting' where tenant_id = 'one'")
    page = (await control.client.get("/api/tenants?state=suspended,deleting", headers=headers)).json()["data"]
    assert ([item["tenant_id"] for item in page["items"]], page["total"]) == (["one", "two"], 2)
    assert (await control.client.get("/api/tenants?state=lost", headers=headers)).status_code == 422


@pytest.mark.parametrize("size", [0, 1, 30])
async def test_a_list_costs_the_same_however_long(control: ControlPlane, size: int) -> None:
    headers = await control.super_admin()
    for number in range(size):
        await control.add_tenant(f"tenant-{number}")
    await control.client.get("/api/plans", headers=headers)
    with control.statements() as statements:
        answer = await control.client.get("/api/tenants", headers=headers)
    assert (answer.json()["data"]["total"], len(statements)) == (size, 3)


async def test_other_profiles(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await control.add_tenant("acme")
    bare = (await control.client.get("/api/tenants?profile=bare", headers=headers)).json()
    k8s = (await control.client.get("/api/tenants?profile=k8s", headers=headers)).json()
    assert (bare["tenants"][0]["tenant_id"], bare["total"]) == ("acme", 1)
    assert (k8s["kind"], k8s["metadata"]["totalCount"]) == ("TenantList", 1)
