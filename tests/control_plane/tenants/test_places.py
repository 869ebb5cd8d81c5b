"""Places that the settings do not name: never named, or not any more."""

from dataclasses import replace

from control_plane.adapters.static_placement import StaticPlacement
from control_plane.core.system import SYSTEM
from control_plane.tenants import service
from control_plane.tenants.schemas import Delete, TenantCreate
from tests.control_plane.support import ControlPlane
from tests.control_plane.tenants.life import ACME, all_operations, created, flows_of, operations, settle, state_of
from tests.control_plane.tenants.test_life import a_plan_with_a_plane_of_its_own


async def test_nothing_counts_as_removed_while_its_plane_is_not_named(control: ControlPlane) -> None:
    await a_plan_with_a_plane_of_its_own(control)
    flows = flows_of(control)
    await flows.create_tenant(SYSTEM, TenantCreate.model_validate({**ACME, "plan": "platinum"}))
    assert control.dedicated.accept("acme", "one")
    await flows.delete_tenant(SYSTEM, "acme", Delete(confirm="acme"))
    await control.pass_time(31 * 86400)
    without = replace(flows, placement=StaticPlacement("http://tenant-plane", {}))
    await without.reconcile_tenants()
    purge = (await all_operations(control))[-1]
    assert (purge.kind, purge.state, await state_of(control)) == ("purge", "running", "deleting")
    assert [(step.name, step.state) for step in purge.steps] == [("remove", "failed"), ("forget", "pending")]
    assert "acme can't be removed from its dedicated plane" in str(purge.error)
    assert control.dedicated.rows == {"acme": ["one"]}
    await control.pass_time(60)
    await settle(control)
    assert (await state_of(control), control.dedicated.tenants) == ("gone", {})


async def test_a_plan_whose_place_is_not_there_moves_nobody_and_blocks_nothing(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await created(control, headers, tenant_id="globex")
    await a_plan_with_a_plane_of_its_own(control)
    async with control.database.write(SYSTEM) as tx:
        await service.change_plan(tx, "globex", "platinum", "as billing gives it")
    await settle(control)
    given = [("create", "succeeded"), ("change_plan", "succeeded"), ("move", "failed")]
    assert await operations(control, "globex") == given
    move = (await all_operations(control, "globex"))[-1]
    assert (move.can_retry, str(move.error)) == (
        True,
        "This installation has no dedicated plane for globex; nothing was changed.",
    )
    assert await control.sql("select plan, placement from tenants") == [("platinum", "shared")]
    assert control.plane.accept("globex", "one")
    answer = await control.client.post("/api/tenants/globex/suspend", json={"reason": "unpaid"}, headers=headers)
    assert answer.status_code == 200, answer.text
