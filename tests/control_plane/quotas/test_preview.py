"""Who would exceed what after a move to another version of a plan."""

from typing import Any

import pytest

from control_plane.core.system import SYSTEM
from control_plane.identity.rules import Role
from control_plane.quotas import service as quotas
from shared.contracts.usage import Metric
from tests.control_plane.quotas.test_usage import note, report, today
from tests.control_plane.support import ControlPlane


async def previewed(control: ControlPlane, headers: dict[str, str], name: str, **body: Any) -> dict[str, Any]:
    answer = await control.client.post(f"/api/plans/{name}/preview", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


async def crowd(control: ControlPlane) -> None:
    """Three tenants of pro: one within free, one with too many events, one with too many users, keys and senders."""
    for tenant_id in ("acme", "globex", "initech"):
        await control.add_tenant(tenant_id)
    await note(control, report("globex", Metric.EVENTS, {today(control): 10_001}))
    await note(control, report("initech", Metric.API_KEYS, {today(control): 3}))
    await note(control, report("initech", Metric.INTEGRATIONS, {today(control): 4}))
    for number in range(4):
        await control.add_user(f"user-{number}@initech.example", {"initech": Role.VIEWER})


async def test_who_would_exceed_the_smaller_plan(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await crowd(control)
    before = await control.sql("select plan, plan_version, generation from tenants")
    data = await previewed(control, headers, "free", from_plan="pro")
    assert (data["plan"], data["version"], data["checked"], data["next_cursor"]) == ("free", 2, 3, None)
    assert [(item["tenant_id"], item["plan"], item["plan_version"]) for item in data["items"]] == [
        ("globex", "pro", 2),
        ("initech", "pro", 2),
    ]
    assert [item["exceeds"] for item in data["items"]] == [
        [{"limit_name": "events_per_month", "used": 10_001, "limit": 10_000}],
        [
            {"limit_name": "users", "used": 4, "limit": 3},
            {"limit_name": "api_keys", "used": 3, "limit": 2},
            {"limit_name": "integrations", "used": 4, "limit": 3},
        ],
    ]
    assert await control.sql("select plan, plan_version, generation from tenants") == before


async def test_what_was_granted_goes_along(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await crowd(control)
    grant = {"limit_name": "events_per_month", "value": None, "reason": "Friends"}
    await control.client.post("/api/tenants/globex/limits", json=grant, headers=headers)
    data = await previewed(control, headers, "free", from_plan="pro")
    assert [item["tenant_id"] for item in data["items"]] == ["initech"]


async def test_one_tenant_and_one_version(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await crowd(control)
    data = await previewed(control, headers, "free", version=1, tenant_id="initech")
    assert (data["version"], data["checked"], len(data["items"])) == (1, 1, 1)
    assert (await previewed(control, headers, "enterprise", tenant_id="initech"))["items"] == []


async def test_page_by_page_at_the_same_cost(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await crowd(control)
    checked, cursor, counts = [], None, []
    for _ in range(3):
        with control.statements() as statements:
            data = await previewed(control, headers, "free", from_plan="pro", limit=1, cursor=cursor)
        checked.append([item["tenant_id"] for item in data["items"]])
        counts.append(len(statements))
        cursor = data["next_cursor"]
    assert (checked, cursor) == ([[], ["globex"], ["initech"]], None)
    with control.statements() as statements:
        await previewed(control, headers, "free", from_plan="pro")
    assert len(statements) <= min(counts)


async def test_a_version_that_is_none(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await control.add_tenant("acme")
    for name, body in (("platinum", {}), ("free", {"version": 99}), ("free", {"tenant_id": "nobody"})):
        answer = await control.client.post(f"/api/plans/{name}/preview", json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("role", list(Role))
async def test_members_look_at_nobody(control: ControlPlane, role: Role) -> None:
    headers = await control.member(role)
    for path, body in (("/api/plans/free/preview", {}), ("/api/plans", {"name": "x"})):
        answer = await control.client.post(path, json=body, headers=headers)
        assert answer.status_code in (403, 422)
    assert await control.sql("select count(*) from plans") == [(6,)]
    async with control.database.read(SYSTEM) as tx:
        assert (await quotas.count_users(tx, ["acme"])) == {"acme": 1}
