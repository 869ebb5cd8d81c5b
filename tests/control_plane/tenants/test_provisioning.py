"""Between two commits stands the tenant plane, which may be away; whoever asked can always go on."""

import asyncio
from typing import Any

import httpx
import pytest

from control_plane.core.system import SYSTEM
from control_plane.tenants import service
from control_plane.tenants.errors import TenantCannotMove
from control_plane.tenants.flows import TenantFlows
from control_plane.tenants.jobs import ticks
from control_plane.tenants.schemas import TenantCreate
from tests.control_plane.support import ControlPlane, bearer, control_plane

ACME = {"tenant_id": "acme", "name": "Acme", "plan": "pro", "contact_email": "ops@acme.example"}


async def post(control: ControlPlane, headers: dict[str, str], **change: Any) -> httpx.Response:
    return await control.client.post("/api/tenants", json={**ACME, **change}, headers=headers)


async def states(control: ControlPlane) -> list[tuple[str, str]]:
    return [tuple(row) for row in await control.sql("select tenant_id, state from tenants order by tenant_id")]


async def test_the_tenant_plane_is_told_what_is_wanted(control: ControlPlane) -> None:
    headers = await control.super_admin()
    assert (await post(control, headers)).status_code == 201
    assert control.plane.tenants["acme"].model_dump() == {"name": "Acme", "plan": "pro", "state": "active"}


async def test_no_transaction_is_open_while_the_tenant_plane_works(control: ControlPlane) -> None:
    headers = await control.super_admin()
    pool: Any = control.database._engine.pool
    seen: list[int] = []
    flows: TenantFlows = control.app.state.tenants
    ensure = flows.plane.ensure_tenant

    class Watching:
        async def ensure_tenant(self, *arguments: Any) -> Any:
            seen.append(pool.checkedout())
            return await ensure(*arguments)

    control.app.state.tenants = TenantFlows(flows.database, Watching())
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
    assert (await post(control, headers)).json()["data"]["state"] == "active"
    assert (await post(control, headers)).status_code == 409
    assert await states(control) == [("acme", "active")]


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
        {"tenant_id": "acme", "state": "migrating", "schema_version": 1},
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


async def test_somebody_else_does_not_continue_it(control: ControlPlane) -> None:
    headers = await control.super_admin()
    control.plane.status = 503
    await post(control, headers)
    control.plane.status = 200
    await control.add_user("second@opsplane.example", is_super_admin=True)
    second = bearer((await control.sign_in("second@opsplane.example"))["token"])
    assert (await post(control, second)).status_code == 409
    assert await states(control) == [("acme", "provisioning")]


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
    assert await control.sql("select count(*) from events where kind = 'tenant.moved'") == [(1,)]


async def test_reconciling_finishes_what_was_left(control: ControlPlane) -> None:
    headers = await control.super_admin()
    control.plane.status = 503
    for tenant_id in ("acme", "globex"):
        await post(control, headers, tenant_id=tenant_id)
    flows: TenantFlows = control.app.state.tenants
    control.plane.calls.clear()
    await flows.reconcile_tenants()
    assert control.plane.calls == ["acme"]  # it stops at once
    control.plane.status = 200
    await flows.reconcile_tenants()
    await flows.reconcile_tenants()
    assert await states(control) == [("acme", "active"), ("globex", "active")]
    assert control.plane.calls == ["acme", "acme", "globex"]


async def test_ticks_finish_tenants_and_forget_answers_after_a_day(control: ControlPlane) -> None:
    headers = {**await control.super_admin(), "idempotency-key": "k1"}
    await post(control, headers)
    await post(control, {**headers, "idempotency-key": "k2"}, tenant_id="globex")
    await control.execute("update tenants set state = 'provisioning' where tenant_id = 'globex'")
    await control.execute("update idempotency_keys set created_at = created_at - interval '25 hours' where key = 'k1'")
    for tick in ticks(control.app.state.tenants):
        await tick.run()
    assert await states(control) == [("acme", "active"), ("globex", "active")]
    assert await control.sql("select key from idempotency_keys") == [("k2",)]


async def test_the_command_line_creates_without_a_request(control: ControlPlane) -> None:
    flows: TenantFlows = control.app.state.tenants
    created = await flows.create_tenant(SYSTEM, TenantCreate.model_validate(ACME))
    assert created.state == "active"


async def test_a_tenant_that_is_being_deleted_is_not_revived(control: ControlPlane) -> None:
    await control.add_tenant("acme")
    await control.execute("update tenants set state = 'deleting'")
    with pytest.raises(TenantCannotMove):
        async with control.database.write(SYSTEM) as tx:
            await service.activate_tenant(tx, "acme")
    assert await states(control) == [("acme", "deleting")]
