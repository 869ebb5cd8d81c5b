"""Limits beside the plan's: granted with a reason, ended by hand or by time, told to the tenant's plane."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from control_plane.core.system import SYSTEM
from control_plane.identity.rules import Role
from control_plane.quotas import service as quotas
from control_plane.tenants import service as tenants
from shared.fields import rfc3339
from shared.tx import utc_now
from tests.control_plane.support import ControlPlane

HOUR_AHEAD = utc_now() + timedelta(hours=1)
GRANT = {"limit_name": "events_per_month", "value": 9_000_000, "reason": "Launch week"}


async def granted(control: ControlPlane, headers: dict[str, str], **changes: Any) -> dict[str, Any]:
    answer = await control.client.post("/api/tenants/acme/limits", json={**GRANT, **changes}, headers=headers)
    assert answer.status_code == 201, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


async def effective(control: ControlPlane, name: str) -> Any:
    async with control.database.read(SYSTEM) as tx:
        return getattr(await quotas.effective_limits(tx, await tenants.plan_of(tx, "acme")), name)


async def test_a_granted_limit_counts_instead_of_the_plan_s(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await control.add_tenant("acme")
    await control.add_tenant("globex")
    before = (await control.sql("select generation from tenants where tenant_id = 'acme'"))[0].generation
    limit = await granted(control, headers)
    assert (limit["value"], limit["is_active"], limit["ends_at"], limit["created_by"]) == (
        9_000_000,
        True,
        None,
        "root@opsplane.example",
    )
    assert await effective(control, "events_per_month") == 9_000_000
    assert await effective(control, "users") == 50
    assert (await control.sql("select generation from tenants where tenant_id = 'acme'"))[0].generation == before + 1
    async with control.database.read(SYSTEM) as tx:
        other = await quotas.effective_limits(tx, await tenants.plan_of(tx, "globex"))
    assert other.events_per_month == 5_000_000


async def throttled(control: ControlPlane, headers: dict[str, str], **changes: Any) -> Any:
    body = {"requests_per_minute": 60, "reason": "Drowns its neighbours", "ends_at": rfc3339(HOUR_AHEAD), **changes}
    return await control.client.post("/api/tenants/acme/throttle", json=body, headers=headers)


async def test_a_noisy_tenant_is_throttled_for_a_while_and_nobody_gets_more(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await control.add_tenant("acme")
    await granted(control, headers, limit_name="requests_per_minute_viewer", value=20)
    answer = await throttled(control, headers)
    assert answer.status_code == 200, answer.text
    limits = answer.json()["data"]["limits"]
    assert "requests_per_minute_viewer" not in {one["limit_name"] for one in limits}
    assert {(one["value"], one["reason"], one["ends_at"]) for one in limits} == {
        (60, "Drowns its neighbours", rfc3339(HOUR_AHEAD))
    }
    rates = await effective(control, "requests_per_minute")
    assert (rates.viewer, rates.operator, rates.admin) == (20, 60, 60)
    await control.app.state.tenants.reconcile_tenants()
    assert control.plane.tenants["acme"].limits.requests_per_minute == rates
    again = await throttled(control, headers)
    assert (again.status_code, again.json()["errors"][0]["field"]) == (422, "body.requests_per_minute")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"requests_per_minute": 0}, "body.requests_per_minute"),
        ({"reason": ""}, "body.reason"),
        ({"ends_at": None}, "body.ends_at"),
        ({"ends_at": "2020-01-01T00:00:00Z"}, "body.ends_at"),
    ],
)
async def test_a_throttle_has_a_number_a_reason_and_an_end(
    control: ControlPlane, change: dict[str, Any], field: str
) -> None:
    headers = await control.super_admin()
    await control.add_tenant("acme")
    answer = await throttled(control, headers, **change)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert await control.sql("select id from limit_overrides") == []


async def test_the_plane_is_told(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await control.add_tenant("acme")
    await granted(control, headers, limit_name="requests_per_minute_viewer", value=7)
    await control.app.state.tenants.reconcile_tenants()
    told = control.plane.tenants["acme"].limits
    assert (told.requests_per_minute.viewer, told.requests_per_minute.admin, told.users) == (7, 1000, 50)


async def test_a_grant_is_audited_with_before_and_after(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await control.add_tenant("acme")
    first = await granted(control, headers)
    ends_at = rfc3339(utc_now() + timedelta(days=7))
    await granted(control, headers, value=None, ends_at=ends_at)
    granting = "select action, target, tenant_id, details from audit_log where action like 'limit.%' order by seq"
    entries = await control.sql(granting)
    assert [(entry.action, entry.target, entry.tenant_id) for entry in entries] == [
        ("limit.granted", "tenant:acme", None),
        ("limit.granted", "tenant:acme", None),
    ]
    assert [(e.details["before"], e.details["after"], e.details["reason"], e.details["ends_at"]) for e in entries] == [
        (5_000_000, 9_000_000, "Launch week", None),
        (9_000_000, None, "Launch week", ends_at),
    ]
    listed = (await control.client.get("/api/tenants/acme/limits", headers=headers)).json()["data"]
    assert [(item["value"], item["is_active"], item["ended_by"]) for item in listed["items"]] == [
        (None, True, None),
        (9_000_000, False, "root@opsplane.example"),
    ]
    assert listed["items"][1]["limit_id"] == first["limit_id"]


async def test_taking_a_limit_back(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await control.add_tenant("acme")
    limit = await granted(control, headers)
    path = f"/api/tenants/acme/limits/{limit['limit_id']}"
    first = await control.client.delete(path, headers=headers)
    again = await control.client.delete(path, headers=headers)
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert first.json()["data"]["is_active"] is False
    assert await effective(control, "events_per_month") == 5_000_000
    ended = await control.sql("select details from audit_log where action = 'limit.ended'")
    assert [(e.details["before"], e.details["after"], e.details["is_due"]) for e in ended] == [
        (9_000_000, 5_000_000, False)
    ]


async def test_a_limit_ends_by_itself(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await control.add_tenant("acme")
    await granted(control, headers, ends_at=rfc3339(utc_now() + timedelta(hours=1)))
    await control.app.state.usage.end_due_limits()
    assert await effective(control, "events_per_month") == 9_000_000
    generation = (await control.sql("select generation from tenants"))[0].generation
    control.clock.offset = timedelta(hours=2)
    assert await effective(control, "events_per_month") == 5_000_000
    for _ in range(2):
        await control.app.state.usage.end_due_limits()
    rows = await control.sql("select ended_by, ended_at is not null as has_ended from limit_overrides")
    assert [tuple(row) for row in rows] == [("system", True)]
    assert (await control.sql("select generation from tenants"))[0].generation == generation + 1
    ended = await control.sql("select details from audit_log where action = 'limit.ended'")
    assert [row.details["is_due"] for row in ended] == [True]


async def test_what_a_temporary_limit_replaced_counts_again_when_it_ends(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await control.add_tenant("acme")
    await granted(control, headers, limit_name="requests_per_minute_admin", value=5000, reason="Agreed in the contract")
    for most, hours in ((600, 3), (60, 1)):
        ends_at = rfc3339(utc_now() + timedelta(hours=hours))
        assert (await throttled(control, headers, requests_per_minute=most, ends_at=ends_at)).status_code == 200
    seen = []
    for hours in (0, 2, 4):
        control.clock.offset = timedelta(hours=hours)
        await control.app.state.usage.end_due_limits()
        seen.append((await effective(control, "requests_per_minute")).admin)
    assert seen == [60, 600, 5000]
    (back,) = await control.sql(
        "select value, reason, ends_at from limit_overrides"
        " where limit_name = 'requests_per_minute_admin' and ended_at is null"
    )
    assert tuple(back) == (5000, "Agreed in the contract", None)


async def test_two_grants_at_once_leave_one_active(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await control.add_tenant("acme")
    made = await asyncio.gather(*(granted(control, headers, value=value) for value in range(1, 5)))
    active = await control.sql("select value from limit_overrides where ended_at is null")
    assert len(active) == 1
    assert await effective(control, "events_per_month") == active[0].value
    assert len({item["limit_id"] for item in made}) == 4


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"limit_name": "planets"}, "body.limit_name"),
        ({"value": -1}, "body.value"),
        ({"value": 2**60}, "body.value"),
        ({"reason": " "}, "body.reason"),
        ({"ends_at": "2020-01-01T00:00:00Z"}, "body.ends_at"),
        ({"limit_name": "requests_per_minute_admin", "value": None}, "body.value"),
        ({"limit_name": "requests_per_minute_admin", "value": 0}, "body.value"),
        ({"who": "me"}, "body.who"),
    ],
)
async def test_what_is_wrong_is_named_and_nothing_is_granted(
    control: ControlPlane, change: dict[str, Any], field: str
) -> None:
    headers = await control.super_admin()
    await control.add_tenant("acme")
    before = await control.sql("select generation from tenants")
    answer = await control.client.post("/api/tenants/acme/limits", json={**GRANT, **change}, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert await control.sql("select id from limit_overrides") == []
    assert await control.sql("select generation from tenants") == before


async def test_nobody_s_limits(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await control.add_tenant("acme")
    await control.add_tenant("globex")
    limit = await granted(control, headers)
    answers = [
        await control.client.post("/api/tenants/nobody/limits", json=GRANT, headers=headers),
        await control.client.get("/api/tenants/nobody/limits", headers=headers),
        await control.client.delete(f"/api/tenants/globex/limits/{limit['limit_id']}", headers=headers),
        await control.client.delete(f"/api/tenants/acme/limits/{uuid4()}", headers=headers),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(404, "NOT_FOUND")] * 4
    assert await control.sql("select ended_at from limit_overrides") == [(None,)]


@pytest.mark.parametrize("role", list(Role))
async def test_members_grant_themselves_nothing(control: ControlPlane, role: Role) -> None:
    headers = await control.member(role)
    answers = [
        await control.client.post("/api/tenants/acme/limits", json=GRANT, headers=headers),
        await control.client.get("/api/tenants/acme/limits", headers=headers),
        await control.client.delete(f"/api/tenants/acme/limits/{uuid4()}", headers=headers),
    ]
    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert await control.sql("select id from limit_overrides") == []


async def test_limits_page_by_page_at_the_same_cost(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await control.add_tenant("acme")
    for value in range(5):
        await granted(control, headers, value=value)
    with control.statements() as statements:
        page = (await control.client.get("/api/tenants/acme/limits?limit=2", headers=headers)).json()["data"]
    assert [item["value"] for item in page["items"]] == [4, 3]
    rest = await control.client.get(f"/api/tenants/acme/limits?limit=4&cursor={page['next_cursor']}", headers=headers)
    assert [item["value"] for item in rest.json()["data"]["items"]] == [2, 1, 0]
    mine = [statement for statement in statements if "limit_overrides" in statement]
    assert (page["total"], len(mine)) == (5, 2)
