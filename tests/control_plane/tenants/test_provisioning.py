"""Between two commits stands the tenant plane, which may be away; whoever asked can always go on."""

import asyncio
from dataclasses import replace
from typing import Any, cast

import httpx
import pytest

from control_plane.core.system import SYSTEM
from control_plane.tenants import service
from control_plane.tenants.flows import TenantFlows
from control_plane.tenants.jobs import ticks
from control_plane.tenants.ports import TenantPlane
from control_plane.tenants.schemas import TenantCreate
from shared.contracts.tenants import Standing, TenantWanted
from tests.control_plane.support import ControlPlane, bearer, control_plane

ACME = {"tenant_id": "acme", "name": "Acme", "plan": "pro", "contact_email": "ops@acme.example"}


async def post(control: ControlPlane, headers: dict[str, str], **change: Any) -> httpx.Response:
    return await control.client.post("/api/tenants", json={**ACME, **change}, headers=headers)


async def states(control: ControlPlane) -> list[tuple[str, str]]:
    return [tuple(row) for row in await control.sql("select tenant_id, state from tenants order by tenant_id")]


async def test_the_tenant_plane_is_told_what_is_wanted(control: ControlPlane) -> None:
    headers = await control.super_admin()
    assert (await post(control, headers)).status_code == 201
    plans = (await control.client.get("/api/plans", headers=headers)).json()["data"]["items"]
    limits = next(plan["limits"] for plan in plans if plan["name"] == "pro")
    assert control.plane.tenants["acme"].model_dump(mode="json") == {
        "name": "Acme",
        "plan": "pro",
        "state": "active",
        "limits": limits,
        "generation": 1,
        "delete_after": None,
    }
    assert limits["events_per_month"] > 0


async def test_no_transaction_is_open_while_the_tenant_plane_works(control: ControlPlane) -> None:
    headers = await control.super_admin()
    pool: Any = control.database._engine.pool
    seen: list[int] = []
    flows: TenantFlows = control.app.state.tenants
    ensure = flows.plane.ensure_tenant

    class Watching:  # of the port's calls a create needs only this one
        async def ensure_tenant(self, *arguments: Any) -> Any:
            seen.append(pool.checkedout())
            return await ensure(*arguments)

    control.app.state.tenants = replace(flows, plane=cast(TenantPlane, Watching()))
    assert (await post(control, headers)).status_code == 201
    assert seen == [0]


async def test_a_plane_that_fails_is_a_503_and_the_same_request_continues(control: ControlPlane) -> None:
    headers = await control.super_admin()
    control.plane.status = 500
    away = await post(control, headers)
    assert (away.status_code, away.json()["code"], away.headers["retry-after"]) == (503, "UNAVAILABLE", "5")
    assert "Send the same request again" in away.json()["error"]
    assert await states(control) == [("acme", "provisioning")]
    control.plane.status = 200
    continued, again = await post(control, headers), await post(control, headers)
    assert (continued.status_code, continued.json()["data"]["state"]) == (201, "active")
    assert (again.status_code, again.json()) == (200, continued.json())
    assert await states(control) == [("acme", "active")]
    assert await control.sql("select kind, state from operations") == [("create", "succeeded")]


async def test_a_plane_that_can_not_be_reached(empty_url: str, password_hash: str) -> None:
    async with httpx.AsyncClient(base_url="http://127.0.0.1:9") as nowhere:
        control = control_plane(empty_url, password_hash, nowhere)
        headers = await control.super_admin()
        answer = await post(control, headers)
        assert answer.status_code == 503
        assert await states(control) == [("acme", "provisioning")]
        await control.database.close()


@pytest.mark.parametrize(
    "answer",
    [
        {"unexpected": True},
        {"tenant_id": "acme", "state": "migrating", "schema_version": 1, "generation": 1},
        {"tenant_id": "acme", "state": "suspended", "schema_version": 1, "generation": 1},
        {"tenant_id": "acme", "state": "active", "schema_version": 1, "generation": 0},
    ],
)
async def test_only_a_usable_tenant_counts(control: ControlPlane, answer: dict[str, Any]) -> None:
    headers = await control.super_admin()
    control.plane.answer = answer
    assert (await post(control, headers)).status_code == 503
    assert await states(control) == [("acme", "provisioning")]


@pytest.mark.parametrize("change", [{"name": "Other"}, {"plan": "free"}, {"contact_email": "x@y.example"}])
async def test_other_values_do_not_continue_it(control: ControlPlane, change: dict[str, str]) -> None:
    headers = await control.super_admin()
    control.plane.status = 503
    await post(control, headers)
    answer = await post(control, headers, **change)
    assert answer.status_code == 409
    assert await control.sql("select name, plan, contact_email from tenants") == [("Acme", "pro", "ops@acme.example")]


async def test_somebody_else_who_asks_for_the_same_continues_it(control: ControlPlane) -> None:
    headers = await control.super_admin()
    control.plane.status = 503
    await post(control, headers)
    control.plane.status = 200
    secret = await control.enrol(await control.add_user("second@opsplane.example", is_super_admin=True))
    second = bearer((await control.sign_in("second@opsplane.example", otp=control.otp(secret)))["token"])
    assert (await post(control, second)).status_code == 201
    assert await states(control) == [("acme", "active")]
    assert await control.sql("select kind, state from operations") == [("create", "succeeded")]


async def test_a_key_replays_the_answer(control: ControlPlane) -> None:
    headers = {**await control.super_admin(), "idempotency-key": "k1"}
    first, again = await post(control, headers), await post(control, headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert ("idempotent-replayed" in first.headers, again.headers["idempotent-replayed"]) == (False, "true")
    assert control.plane.calls == ["acme"]
    other = await post(control, headers, tenant_id="globex")
    assert (other.status_code, other.json()["code"]) == (409, "CONFLICT")
    assert await states(control) == [("acme", "active")]


async def test_a_key_is_not_used_up_by_a_refusal(control: ControlPlane) -> None:
    headers = {**await control.super_admin(), "idempotency-key": "k1"}
    control.plane.status = 503
    assert (await post(control, headers)).status_code == 503
    control.plane.status = 200
    assert (await post(control, headers)).status_code == 201
    assert (await post(control, headers)).headers["idempotent-replayed"] == "true"


async def test_a_key_sent_many_times_at_once_makes_one_tenant(control: ControlPlane) -> None:
    headers = {**await control.super_admin(), "idempotency-key": "k1"}
    answers = await asyncio.gather(*(post(control, headers) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert await states(control) == [("acme", "active")]
    moves = "select body->>'state' from events where kind = 'tenant.moved' order by id"
    assert await control.sql(moves) == [("provisioning",), ("active",)]
    assert await control.sql("select kind, state from operations") == [("create", "succeeded")]


async def test_many_creates_at_once_without_a_key_make_one_tenant(control: ControlPlane) -> None:
    headers = await control.super_admin()
    answers = await asyncio.gather(*(post(control, headers) for _ in range(4)))
    assert 201 in {answer.status_code for answer in answers} <= {200, 201}
    assert len({answer.content for answer in answers}) == 1
    assert await states(control) == [("acme", "active")]
    assert await control.sql("select kind, state from operations") == [("create", "succeeded")]


async def test_reconciling_finishes_what_was_left(control: ControlPlane) -> None:
    headers = await control.super_admin()
    control.plane.status = 503
    for tenant_id in ("acme", "globex"):
        await post(control, headers, tenant_id=tenant_id)
    flows: TenantFlows = control.app.state.tenants
    control.plane.calls.clear()
    await flows.reconcile_tenants()
    assert control.plane.calls == []  # not due yet
    control.plane.status, control.plane.broken = 200, {"acme"}
    await control.pass_time(3)
    await flows.reconcile_tenants()
    assert await states(control) == [("acme", "provisioning"), ("globex", "active")]  # one does not stop the other
    control.plane.broken = set()
    await control.pass_time(6)
    await flows.reconcile_tenants()
    await flows.reconcile_tenants()
    assert await states(control) == [("acme", "active"), ("globex", "active")]
    assert sorted(control.plane.calls) == ["acme", "acme", "globex"]


async def test_a_tenant_that_fails_again_and_again_is_tried_less_often(control: ControlPlane) -> None:
    headers = await control.super_admin()
    control.plane.status = 503
    await post(control, headers)
    flows: TenantFlows = control.app.state.tenants
    control.plane.calls.clear()
    for _ in range(31):
        await control.pass_time(1)
        await flows.reconcile_tenants()
    assert control.plane.calls == ["acme"] * 4  # after 2, 4, 8 and 16 seconds
    assert await control.sql("select attempts, state, error from operations") == [
        (5, "running", "The tenant plane answered 503 to PUT /internal/tenants/acme.")
    ]


async def test_a_bug_with_one_tenant_does_not_stop_the_others(control: ControlPlane) -> None:
    for tenant_id in ("acme", "globex"):
        await control.add_tenant(tenant_id)
        async with control.database.write(SYSTEM) as tx:
            await service.touch_tenant(tx, tenant_id)
    flows: TenantFlows = control.app.state.tenants

    class Odd:
        async def ensure_tenant(self, url: str, tenant_id: str, wanted: Any) -> Any:
            assert tenant_id != "acme"
            return await flows.plane.ensure_tenant(url, tenant_id, wanted)

    await replace(flows, plane=cast(TenantPlane, Odd())).reconcile_tenants()
    behind = "select tenant_id from tenants where observed_generation < generation"
    assert await control.sql(behind) == [("acme",)]


async def test_a_plane_that_is_ahead_is_told_again(control: ControlPlane) -> None:
    """As after an import, or with a restored copy of our database: what we want still counts."""
    await control.add_tenant("acme")
    control.plane.tenants["acme"] = TenantWanted(name="Old", plan="free", state=Standing.SUSPENDED, generation=40)
    async with control.database.write(SYSTEM) as tx:
        await service.touch_tenant(tx, "acme")
    flows: TenantFlows = control.app.state.tenants
    await flows.reconcile_tenants()
    await flows.reconcile_tenants()
    told = control.plane.tenants["acme"]
    assert (told.name, told.state, told.generation) == ("Acme", Standing.ACTIVE, 41)
    assert await control.sql("select generation, observed_generation from tenants") == [(41, 41)]


async def test_ticks_finish_tenants_and_forget_answers_after_a_day(control: ControlPlane) -> None:
    headers = {**await control.super_admin(), "idempotency-key": "k1"}
    await post(control, headers)
    await post(control, {**headers, "idempotency-key": "k2"}, tenant_id="globex")
    await control.execute(
        "update tenants set state = 'provisioning', observed_generation = 0, next_try_at = now()"
        " where tenant_id = 'globex'"
    )
    await control.execute(
        "update idempotency_keys set created_at = created_at - interval '25 hours'"
        " where created_at = (select min(created_at) from idempotency_keys)"
    )
    for tick in ticks(control.app.state.tenants):
        await tick.run()
    assert await states(control) == [("acme", "active"), ("globex", "active")]
    assert await control.sql("select count(*) from idempotency_keys") == [(1,)]
    again = await post(control, {**headers, "idempotency-key": "k2"}, tenant_id="globex")
    assert again.headers["idempotent-replayed"] == "true"


async def test_the_command_line_creates_without_a_request(control: ControlPlane) -> None:
    flows: TenantFlows = control.app.state.tenants
    created = await flows.create_tenant(SYSTEM, TenantCreate.model_validate(ACME))
    assert (created.tenant.state, created.is_new) == ("active", True)


async def test_a_tenant_that_is_being_deleted_is_not_revived(control: ControlPlane) -> None:
    await control.add_tenant("acme")
    await control.execute("update tenants set state = 'deleting'")
    async with control.database.write(SYSTEM) as tx:
        await service.note_applied(tx, "acme", 1)
    assert await states(control) == [("acme", "deleting")]
