"""A tenant moves between planes: nothing that was accepted is lost, and what fails before the switch leads back."""

import asyncio
from dataclasses import replace
from typing import Any, cast
from uuid import uuid4

import httpx
import pytest

from control_plane.core.system import SYSTEM
from control_plane.tenants import service
from control_plane.tenants.ports import TenantPlane
from control_plane.tenants.schemas import OperationRead
from shared.contracts.tenants import Standing
from tests.control_plane.support import ControlPlane
from tests.control_plane.tenants.life import (
    ACME,
    all_operations,
    created,
    flows_of,
    last_operation_id,
    operations,
    settle,
)

ACCEPTED = ["one", "two", "three"]


async def move(control: ControlPlane, headers: dict[str, str], placement: str) -> httpx.Response:
    return await control.client.post("/api/tenants/acme/move", json={"placement": placement}, headers=headers)


async def asked(control: ControlPlane) -> dict[str, str]:
    """``acme`` has accepted some rows and is to move to its own plane."""
    headers = await control.super_admin()
    await created(control, headers)
    assert all(control.plane.accept("acme", row) for row in ACCEPTED)
    answer = await move(control, headers, "dedicated")
    assert (answer.status_code, answer.json()["data"]["state"]) == (202, "pending")
    return headers


async def last(control: ControlPlane) -> OperationRead:
    return (await all_operations(control))[-1]


def states(operation: OperationRead) -> dict[str, str]:
    return {str(step.name): str(step.state) for step in operation.steps}


async def placements(control: ControlPlane) -> list[Any]:
    return await control.sql("select placement, cell from tenants")


async def test_to_a_plane_of_its_own_and_back(control: ControlPlane) -> None:
    headers = await asked(control)
    await settle(control)
    assert await placements(control) == [("dedicated", "acme")]
    assert (control.plane.tenants, control.dedicated.rows) == ({}, {"acme": ACCEPTED})
    assert control.dedicated.accept("acme", "four")
    assert states(await last(control)) == dict.fromkeys(
        ("place", "freeze", "copy", "verify", "switch", "activate", "remove"), "succeeded"
    )
    again = await move(control, headers, "dedicated")
    assert (again.status_code, again.json()["code"]) == (400, "INVALID_TRANSITION")
    await move(control, headers, "shared")
    await settle(control)
    assert await placements(control) == [("shared", "shared")]
    assert (control.plane.rows, control.dedicated.tenants) == ({"acme": [*ACCEPTED, "four"]}, {})
    kinds = "select body->>'previous', body->>'placement' from events where kind = 'tenant.placed' order by id"
    assert await control.sql(kinds) == [("shared", "dedicated"), ("dedicated", "shared")]


async def test_changes_reach_the_plane_where_it_lives_now(control: ControlPlane) -> None:
    headers = await asked(control)
    await settle(control)
    control.plane.calls.clear()
    await control.client.post("/api/tenants/acme/suspend", json={"reason": "unpaid"}, headers=headers)
    assert (control.dedicated.tenants["acme"].state, control.plane.calls) == (Standing.SUSPENDED, [])


@pytest.mark.parametrize("broken", ["PUT archive", "GET digest", "lossy"])
async def test_a_failure_before_the_switch_leads_back(control: ControlPlane, broken: str) -> None:
    await asked(control)
    control.dedicated.failing = {broken} - {"GET digest"}
    control.plane.failing = {broken} & {"GET digest"}
    await flows_of(control).reconcile_moves()
    operation = await last(control)
    assert (operation.state, operation.error is not None) == ("failed", True)
    assert await placements(control) == [("shared", "shared")]
    assert control.plane.accept("acme", "four")
    assert control.plane.rows["acme"] == [*ACCEPTED, "four"]
    assert control.dedicated.tenants == {}


async def test_a_move_that_failed_can_be_tried_again(control: ControlPlane) -> None:
    headers = await asked(control)
    control.dedicated.failing = {"lossy"}
    await settle(control)
    assert "differs from the source in: alerts" in str((await last(control)).error)
    control.dedicated.failing = set()
    operation_id = await last_operation_id(control)
    answer = await control.client.post(f"/api/tenants/acme/operations/{operation_id}/retry", headers=headers)
    assert (answer.status_code, answer.json()["data"]["state"]) == (200, "pending")
    await settle(control)
    assert (await operations(control), control.dedicated.rows) == (
        [("create", "succeeded"), ("move", "succeeded")],
        {"acme": ACCEPTED},
    )


async def test_a_destination_that_is_away_freezes_nothing(control: ControlPlane) -> None:
    await asked(control)
    control.dedicated.status = 503
    await flows_of(control).reconcile_moves()
    assert states(await last(control))["place"] == "failed"
    assert control.plane.accept("acme", "four")
    control.dedicated.status = 200
    await settle(control)
    assert control.dedicated.rows == {"acme": [*ACCEPTED, "four"]}


async def test_a_move_that_waits_can_be_cancelled(control: ControlPlane) -> None:
    headers = await asked(control)
    control.dedicated.status = 503
    await flows_of(control).reconcile_moves()
    control.dedicated.status = 200
    operation_id = await last_operation_id(control)
    answer = await control.client.post(f"/api/tenants/acme/operations/{operation_id}/cancel", headers=headers)
    assert answer.status_code == 200
    await settle(control)
    assert (await operations(control))[-1] == ("move", "cancelled")
    assert await placements(control) == [("shared", "shared")]
    assert control.plane.accept("acme", "four")
    late = await control.client.post(f"/api/tenants/acme/operations/{operation_id}/cancel", headers=headers)
    assert (late.status_code, late.json()["code"]) == (400, "INVALID_TRANSITION")


async def test_after_the_switch_it_only_goes_forward(control: ControlPlane) -> None:
    headers = await asked(control)
    control.plane.failing = {"DELETE tenant"}
    await flows_of(control).reconcile_moves()
    operation = await last(control)
    assert (operation.state, states(operation)["remove"], operation.can_cancel) == ("running", "failed", False)
    assert control.dedicated.accept("acme", "four")
    assert not control.plane.accept("acme", "lost")
    refused = await control.client.post(
        f"/api/tenants/acme/operations/{operation.operation_id}/cancel", headers=headers
    )
    assert refused.status_code == 400
    control.plane.failing = set()
    await settle(control)
    assert (control.plane.tenants, control.dedicated.rows) == ({}, {"acme": [*ACCEPTED, "four"]})


async def test_the_source_takes_nothing_between_its_copy_and_the_switch(control: ControlPlane) -> None:
    """A sender who hears a refusal tries again; one who hears a yes must find the row at the destination."""
    await asked(control)
    flows, said_yes = flows_of(control), list(ACCEPTED)

    class Sending:
        def __getattr__(self, name: str) -> Any:
            async def call(*arguments: Any) -> Any:
                for plane in (control.plane, control.dedicated):
                    row = f"during {name} {uuid4()}"
                    said_yes.extend([row] if plane.accept("acme", row) else [])
                return await getattr(flows.plane, name)(*arguments)

            return call

    await settle(control, replace(flows, plane=Sending()))
    assert len(said_yes) > len(ACCEPTED)
    assert control.dedicated.rows == {"acme": said_yes}


async def test_a_suspended_tenant_moves_and_stays_suspended(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await created(control, headers)
    await control.client.post("/api/tenants/acme/suspend", json={"reason": "unpaid"}, headers=headers)
    await move(control, headers, "dedicated")
    await settle(control)
    assert control.dedicated.tenants["acme"].state == Standing.SUSPENDED


async def test_a_limit_that_changes_meanwhile_does_not_unfreeze_the_source(control: ControlPlane) -> None:
    await asked(control)
    control.dedicated.failing = {"GET digest"}
    await flows_of(control).reconcile_moves()
    async with control.database.write(SYSTEM) as tx:
        await service.touch_tenant(tx, "acme")
    control.dedicated.failing = set()
    await settle(control)
    rows = await control.sql("select generation = observed_generation, placement from tenants")
    assert (rows, control.dedicated.rows) == ([(True, "dedicated")], {"acme": ACCEPTED})


async def test_a_long_move_keeps_nobody_else_waiting(control: ControlPlane) -> None:
    headers = await asked(control)
    flows, copying, go_on = flows_of(control), asyncio.Event(), asyncio.Event()

    class Slow:
        def __getattr__(self, name: str) -> Any:
            return getattr(flows.plane, name)

        async def copy_tenant(self, *arguments: Any) -> None:
            copying.set()
            await go_on.wait()
            await flows.plane.copy_tenant(*arguments)

    moving = asyncio.create_task(replace(flows, plane=cast(TenantPlane, Slow())).reconcile_moves())
    await asyncio.wait_for(copying.wait(), 30)
    control.plane.status = 500
    await control.client.post("/api/tenants", json={**ACME, "tenant_id": "globex"}, headers=headers)
    control.plane.status = 200
    await control.pass_time(3)
    await flows.reconcile_tenants()
    assert control.plane.tenants["globex"].state == Standing.ACTIVE
    go_on.set()
    await moving
    assert (await operations(control))[-1] == ("move", "succeeded")


async def test_only_one_process_works_on_a_move(control: ControlPlane) -> None:
    await asked(control)
    operation_id, holders = await last_operation_id(control), (uuid4(), uuid4())
    claims = []
    for holder in holders:
        async with control.database.write(SYSTEM) as tx:
            claims.append(await service.claim_move(tx, "acme", operation_id, holder))
    assert claims == [True, False]
    await control.pass_time(20)
    async with control.database.write(SYSTEM) as tx:
        assert await service.claim_move(tx, "acme", operation_id, holders[1])
    async with control.database.write(SYSTEM) as tx:
        assert not await service.keep_claim(tx, "acme", operation_id, holders[0])
        limits_of = flows_of(control).limits_of
        assert await service.begin_move_step(tx, "acme", operation_id, holders[0], limits_of) is None
