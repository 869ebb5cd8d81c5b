"""Changing, suspending, resuming, deleting and restoring a tenant: recorded, told to its plane, shown as operations."""

from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from control_plane.core.system import SYSTEM
from control_plane.identity.rules import Role
from control_plane.plans import service as plans
from control_plane.plans.schemas import LimitsSet, PlanCreate
from control_plane.tenants import service
from control_plane.tenants.errors import OperationRunning, PlacementNotReady
from control_plane.tenants.ports import PlacedTenant
from control_plane.tenants.rules import Where
from shared.contracts.tenants import Standing
from tests.control_plane.support import PASSWORD, ControlPlane
from tests.control_plane.tenants.life import ACME, created, flows_of, operations, settle, state_of


async def call(control: ControlPlane, headers: dict[str, str], verb: str, **body: Any) -> httpx.Response:
    return await control.client.post(f"/api/tenants/acme/{verb}", json=body, headers=headers)


async def delete(control: ControlPlane, headers: dict[str, str], confirm: str = "acme") -> httpx.Response:
    return await control.client.delete(f"/api/tenants/acme?confirm={confirm}", headers=headers)


async def patch(control: ControlPlane, headers: dict[str, str], **body: Any) -> httpx.Response:
    return await control.client.patch("/api/tenants/acme", json=body, headers=headers)


def standing(control: ControlPlane) -> str:
    return control.plane.tenants["acme"].state


async def audited(control: ControlPlane) -> list[tuple[str, Any]]:
    rows = await control.sql("select kind, body from events where kind like 'tenant.%' and kind <> 'tenant.moved'")
    return [tuple(row) for row in rows]


async def test_suspend_and_resume(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await created(control, headers)
    suspended = (await call(control, headers, "suspend", reason="unpaid")).json()["data"]
    assert (suspended["state"], suspended["suspended_reason"], suspended["operation_id"]) == (
        "suspended",
        "unpaid",
        None,
    )
    assert standing(control) == Standing.SUSPENDED
    resumed = (await call(control, headers, "resume", reason="paid")).json()["data"]
    assert (resumed["state"], resumed["suspended_reason"]) == ("active", None)
    assert standing(control) == Standing.ACTIVE
    assert await operations(control) == [("create", "succeeded"), ("suspend", "succeeded"), ("resume", "succeeded")]
    assert (await audited(control))[1:] == [
        ("tenant.suspended", {"tenant_id": "acme", "reason": "unpaid"}),
        ("tenant.resumed", {"tenant_id": "acme", "reason": "paid"}),
    ]


@pytest.mark.parametrize(("verb", "body"), [("resume", {}), ("restore", {})])
async def test_verbs_that_do_not_fit_the_state(control: ControlPlane, verb: str, body: dict[str, str]) -> None:
    headers = await control.super_admin()
    await created(control, headers)
    answer = await call(control, headers, verb, **body)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_TRANSITION")
    assert await operations(control) == [("create", "succeeded")]


async def test_a_second_suspension_is_refused(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await created(control, headers)
    await call(control, headers, "suspend", reason="unpaid")
    answer = await call(control, headers, "suspend", reason="another")
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_TRANSITION")
    assert (await control.sql("select suspended_reason from tenants")) == [("unpaid",)]


async def test_a_suspension_needs_a_reason(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await created(control, headers)
    assert (await call(control, headers, "suspend")).status_code == 422
    assert await state_of(control) == "active"


async def test_people_of_a_suspended_tenant_sign_in_and_of_a_deleted_one_not(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await created(control, headers)
    await control.add_user("ana@acme.example", {"acme": Role.ADMIN})
    await call(control, headers, "suspend", reason="unpaid")
    person = {"email": "ana@acme.example", "password": PASSWORD}
    assert (await control.client.post("/api/auth/token", json=person)).status_code == 200
    await delete(control, headers)
    assert (await control.client.post("/api/auth/token", json=person)).status_code == 403


async def test_a_change_that_does_not_reach_the_plane_stays_and_is_brought_later(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await created(control, headers)
    control.plane.status = 500
    answer = await call(control, headers, "suspend", reason="unpaid")
    assert (answer.status_code, answer.json()["data"]["state"]) == (200, "suspended")
    assert answer.json()["data"]["operation_kind"] == "suspend"
    assert standing(control) == Standing.ACTIVE
    control.plane.status = 200
    await settle(control)
    assert standing(control) == Standing.SUSPENDED
    assert (await operations(control))[-1] == ("suspend", "succeeded")


async def test_while_one_operation_is_unfinished_others_are_refused(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await created(control, headers)
    control.plane.status = 500
    await call(control, headers, "suspend", reason="unpaid")
    for answer in (
        await call(control, headers, "resume"),
        await patch(control, headers, name="Other"),
        await patch(control, headers, plan="free"),
        await delete(control, headers),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "CONFLICT")
        assert "unfinished operation: suspend" in answer.json()["error"]
    assert await control.sql("select state, name, plan from tenants") == [("suspended", "Acme", "pro")]


async def test_an_answer_is_kept_for_its_key(control: ControlPlane) -> None:
    headers = {**await control.super_admin()}
    await created(control, headers)
    keyed = {**headers, "idempotency-key": "k1"}
    first = await call(control, keyed, "suspend", reason="unpaid")
    again = await call(control, keyed, "suspend", reason="unpaid")
    assert (first.status_code, again.status_code, again.content) == (200, 200, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert (await call(control, keyed, "suspend", reason="another")).status_code == 409
    assert len(await operations(control)) == 2


async def test_patch(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await created(control, headers)
    control.plane.calls.clear()
    answer = (await patch(control, headers, name="Acme Two", contact_email="New@acme.example")).json()["data"]
    assert (answer["name"], answer["contact_email"], answer["generation"]) == ("Acme Two", "new@acme.example", 2)
    assert (control.plane.tenants["acme"].name, control.plane.tenants["acme"].generation) == ("Acme Two", 2)
    assert await operations(control) == [("create", "succeeded"), ("rename", "succeeded")]
    assert (await audited(control))[-1] == (
        "tenant.updated",
        {
            "tenant_id": "acme",
            "before": {"name": "Acme", "contact_email": "ops@acme.example"},
            "after": {"name": "Acme Two", "contact_email": "new@acme.example"},
        },
    )


async def test_a_patch_that_changes_nothing_is_no_operation(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await created(control, headers)
    control.plane.calls.clear()
    for body in ({}, {"name": "Acme"}, {"plan": "pro"}):
        assert (await patch(control, headers, **body)).json()["data"]["generation"] == 1
    assert (await operations(control), control.plane.calls) == ([("create", "succeeded")], [])


async def test_if_match(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await created(control, headers)
    stale = await patch(control, {**headers, "if-match": '"7"'}, name="Other")
    assert (stale.status_code, stale.json()["code"]) == (412, "PRECONDITION_FAILED")
    fresh = await patch(control, {**headers, "if-match": '"1"'}, name="Other")
    assert (fresh.status_code, fresh.headers["etag"]) == (200, '"2"')


async def test_another_plan(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await created(control, headers)
    before = control.plane.tenants["acme"].limits
    answer = await patch(control, headers, plan="free", reason="downgrade")
    assert answer.json()["data"]["plan"] == "free"
    assert control.plane.tenants["acme"].plan == "free"
    assert control.plane.tenants["acme"].limits.users != before.users
    assert (await audited(control))[-1][1]["previous"] == "pro"
    unknown = await patch(control, headers, plan="platinum")
    assert (unknown.status_code, await control.sql("select plan from tenants")) == (422, [("free",)])


@pytest.mark.parametrize("confirm", ["", "globex", "ACME"])
async def test_a_deletion_is_confirmed_by_the_tenant_id(control: ControlPlane, confirm: str) -> None:
    headers = await control.super_admin()
    await created(control, headers)
    answer = await delete(control, headers, confirm)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "query.confirm")
    assert await state_of(control) == "active"


@pytest.mark.parametrize("before", ["active", "suspended"])
async def test_delete_and_undo(control: ControlPlane, before: str) -> None:
    headers = await control.super_admin()
    await created(control, headers)
    await control.execute(f"update tenants set state = '{before}'")
    body = {"confirm": "acme", "reason": "left"}
    answer = await control.client.request("DELETE", "/api/tenants/acme", json=body, headers=headers)
    deleted = answer.json()["data"]
    assert (answer.status_code, deleted["state"]) == (200, "deleting")
    days = await control.sql("select round(extract(epoch from delete_after - now()) / 86400) from tenants")
    assert days == [(30,)]
    assert standing(control) == Standing.SUSPENDED
    restored = (await call(control, headers, "restore")).json()["data"]
    assert (restored["state"], restored["delete_after"]) == (before, None)
    assert standing(control) == before
    kinds = [kind for kind, _ in await audited(control)][1:]
    assert kinds == ["tenant.deleted", "tenant.restored"]


async def test_after_the_grace_period_it_is_removed_and_its_name_never_given_again(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await created(control, headers)
    await created(control, headers, tenant_id="globex")
    await control.add_user("ana@acme.example", {"acme": Role.ADMIN, "globex": Role.VIEWER})
    await control.sign_in("ana@acme.example", tenant_id="acme")
    await control.sign_in("ana@acme.example", tenant_id="globex")
    await delete(control, headers)
    await control.pass_time(29 * 86400)
    await flows_of(control).reconcile_tenants()
    assert await state_of(control) == "deleting"
    await control.pass_time(86400 + 1)
    assert (await call(control, headers, "restore")).status_code == 400
    await flows_of(control).reconcile_tenants()
    assert await state_of(control) == "gone"
    assert set(control.plane.tenants) == {"globex"}
    assert await control.sql("select tenant_id from memberships") == [("globex",)]
    sessions = "select tenant_id from sessions where tenant_id is not null"
    assert await control.sql(sessions) == [("globex",)]
    assert (await operations(control))[-1] == ("purge", "succeeded")
    again = await control.client.post(
        "/api/tenants",
        json={"tenant_id": "acme", "name": "Acme", "plan": "pro", "contact_email": "ops@acme.example"},
        headers=headers,
    )
    assert again.status_code == 409
    for answer in (
        await call(control, headers, "restore"),
        await call(control, headers, "suspend", reason="x"),
        await delete(control, headers),
        await patch(control, headers, name="x"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_TRANSITION")


async def test_a_purge_that_has_begun_can_not_be_undone(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await created(control, headers)
    await delete(control, headers)
    await control.pass_time(31 * 86400)
    control.plane.failing = {"DELETE tenant"}
    await flows_of(control).reconcile_tenants()
    answer = await call(control, headers, "restore")
    assert answer.status_code == 400
    assert (await state_of(control), (await operations(control))[-1]) == ("deleting", ("purge", "running"))
    control.plane.failing = set()
    await settle(control)
    assert (await state_of(control), (await operations(control))[-1]) == ("gone", ("purge", "succeeded"))


async def test_a_create_that_is_pending_can_be_deleted_and_undone(control: ControlPlane) -> None:
    headers = await control.super_admin()
    control.plane.status = 500
    body = {"tenant_id": "acme", "name": "Acme", "plan": "pro", "contact_email": "ops@acme.example"}
    await control.client.post("/api/tenants", json=body, headers=headers)
    assert (await delete(control, headers)).json()["data"]["state"] == "deleting"
    assert await operations(control) == [("create", "cancelled"), ("delete", "running")]
    assert (await call(control, headers, "restore")).json()["data"]["state"] == "provisioning"
    control.plane.status = 200
    await settle(control)
    assert (await state_of(control), (await operations(control))[-1]) == ("active", ("restore", "succeeded"))


async def test_other_domains_change_a_tenant_inside_their_own_transaction(control: ControlPlane) -> None:
    """What billing does when a payment fails: its rows and the suspension in one commit."""
    headers = await control.super_admin()
    await created(control, headers)
    async with control.database.write(SYSTEM) as tx:
        await service.change_plan(tx, "acme", "free", "subscription ended")
        with pytest.raises(OperationRunning):
            await service.suspend_tenant(tx, "acme", "unpaid")
    await settle(control)
    async with control.database.write(SYSTEM) as tx:
        await service.suspend_tenant(tx, "acme", "unpaid")
        await service.touch_tenant(tx, "acme")
    await settle(control)
    told = control.plane.tenants["acme"]
    assert (told.plan, told.state) == ("free", Standing.SUSPENDED)
    assert [state for _, state in await operations(control)] == ["succeeded"] * 3


async def a_plan_with_a_plane_of_its_own(control: ControlPlane) -> None:
    limits = LimitsSet(
        users=None,
        api_keys=None,
        events_per_month=None,
        incidents_per_month=None,
        integrations=None,
        retention_days=None,
    )
    async with control.database.write(SYSTEM) as tx:
        await plans.create_plan(tx, PlanCreate(name="platinum", limits=limits, placement="dedicated"))


async def test_a_place_that_is_not_there(control: ControlPlane) -> None:
    """Only acme has a plane of its own here."""
    headers = await control.super_admin()
    await created(control, headers, tenant_id="globex")
    await a_plan_with_a_plane_of_its_own(control)
    new = {"tenant_id": "initech", "name": "Initech", "plan": "platinum", "contact_email": "ops@initech.example"}
    for answer in (
        await control.client.post("/api/tenants/globex/move", json={"placement": "dedicated"}, headers=headers),
        await control.client.patch("/api/tenants/globex", json={"plan": "platinum"}, headers=headers),
        await control.client.post("/api/tenants", json=new, headers=headers),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "CONFLICT")
        assert "has no dedicated plane for" in answer.json()["error"]
    assert await operations(control, "globex") == [("create", "succeeded")]
    assert await control.sql("select tenant_id, plan from tenants") == [("globex", "pro")]


async def test_a_tenant_of_such_a_plan_begins_in_its_own_plane(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await a_plan_with_a_plane_of_its_own(control)
    tenant = await created(control, headers, plan="platinum")
    assert (tenant["placement"], tenant["cell"]) == ("dedicated", "acme")
    assert (set(control.dedicated.tenants), control.plane.tenants) == ({"acme"}, {})


async def test_another_plan_moves_it_to_where_the_plan_is(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await created(control, headers)
    await a_plan_with_a_plane_of_its_own(control)
    await patch(control, headers, plan="platinum")
    await settle(control)
    assert (await operations(control))[1:] == [("change_plan", "succeeded"), ("move", "succeeded")]
    assert (set(control.dedicated.tenants), control.plane.tenants) == ({"acme"}, {})


async def test_while_its_plane_is_being_made_a_create_answers_202(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await a_plan_with_a_plane_of_its_own(control)
    flows = flows_of(control)

    @dataclass(frozen=True)
    class Slow:
        def offers(self, tenant_id: str, where: Where) -> bool:
            return True

        async def ensure(self, tenant: PlacedTenant) -> str:
            raise PlacementNotReady("deployment", "0 of 2 pods are ready")

        find = ensure

        async def remove(self, tenant_id: str) -> None:
            raise AssertionError

    control.app.state.tenants = replace(flows, placement=Slow())
    answer = await control.client.post("/api/tenants", json={**ACME, "plan": "platinum"}, headers=headers)
    assert (answer.status_code, answer.json()["data"]["state"]) == (202, "provisioning")
    shown = (await control.client.get("/api/tenants/acme/operations", headers=headers)).json()["data"]["items"][0]
    step = shown["steps"][0]
    assert (shown["state"], step["name"], step["state"]) == ("running", "place", "running")
    assert step["error"] == "deployment: 0 of 2 pods are ready"
    control.app.state.tenants = flows
    await settle(control)
    assert (await state_of(control), await operations(control)) == ("active", [("create", "succeeded")])


async def test_what_a_tenants_own_admins_may_see_of_its_life(control: ControlPlane) -> None:
    """Suspensions, plans and deletions; nothing about where it runs or what was tried again."""
    headers = await control.super_admin()
    await created(control, headers)
    await call(control, headers, "suspend", reason="unpaid")
    await call(control, headers, "resume")
    await patch(control, headers, name="Acme Two")
    await patch(control, headers, plan="free")
    await control.client.post("/api/tenants/acme/move", json={"placement": "dedicated"}, headers=headers)
    await settle(control)
    await delete(control, headers)
    await call(control, headers, "restore")
    seen = await control.sql("select action, tenant_id from audit_log where target = 'tenant:acme' order by seq")
    visible = [action for action, tenant_id in seen if tenant_id == "acme"]
    hidden = [action for action, tenant_id in seen if tenant_id is None]
    assert visible == [
        "tenant.suspended",
        "tenant.resumed",
        "tenant.plan_changed",
        "tenant.deleted",
        "tenant.restored",
    ]
    assert hidden == ["tenant.requested", "tenant.updated", "tenant.move_requested", "tenant.placed"]
