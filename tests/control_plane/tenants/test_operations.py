"""Operations as a super-admin sees them: steps, durations, errors, deadlines, pages."""

from typing import Any
from unittest.mock import ANY

import pytest
from uuid_utils.compat import uuid7

from control_plane.core.system import SYSTEM
from control_plane.tenants import service
from control_plane.tenants.jobs import ticks
from tests.control_plane.support import ControlPlane
from tests.control_plane.tenants.life import created, flows_of, last_operation_id, operations, settle

STEP = {"started_at": ANY, "finished_at": ANY, "duration_ms": ANY, "deadline_at": ANY, "is_stuck": False, "error": None}


async def shown(control: ControlPlane, headers: dict[str, str], tenant_id: str = "acme") -> list[dict[str, Any]]:
    answer = await control.client.get(f"/api/tenants/{tenant_id}/operations", headers=headers)
    items: list[dict[str, Any]] = answer.json()["data"]["items"]
    return items


async def test_a_create_shows_its_steps(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await created(control, headers)
    (operation,) = await shown(control, headers)
    one = await control.client.get(f"/api/tenants/acme/operations/{operation['operation_id']}", headers=headers)
    assert one.json()["data"] == operation
    assert operation == {
        "operation_id": ANY,
        "tenant_id": "acme",
        "kind": "create",
        "state": "succeeded",
        "details": {},
        "reason": None,
        "requested_by": ANY,
        "requested_by_name": "root@opsplane.example",
        "attempts": 1,
        "error": None,
        "is_stuck": False,
        "is_rolling_back": False,
        "can_retry": False,
        "can_cancel": False,
        "next_try_at": None,
        "created_at": ANY,
        "started_at": ANY,
        "finished_at": ANY,
        "duration_ms": ANY,
        "steps": [
            {"name": "place", "state": "succeeded", "attempts": 1, **STEP},
            {"name": "provision", "state": "succeeded", "attempts": 1, **STEP},
        ],
    }
    assert 0 <= operation["duration_ms"] < 60_000


async def test_a_step_that_fails_says_why_and_is_stuck_after_its_deadline(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await created(control, headers)
    control.plane.status = 500
    await control.client.post("/api/tenants/acme/suspend", json={"reason": "unpaid"}, headers=headers)
    operation = (await shown(control, headers))[0]
    step = operation["steps"][0]
    assert (step["state"], step["error"]) == (
        "failed",
        "The tenant plane answered 500 to PUT /internal/tenants/acme.",
    )
    assert (operation["state"], operation["error"], operation["is_stuck"]) == ("running", step["error"], False)
    assert operation["next_try_at"] is not None and operation["can_retry"]
    await control.pass_time(61)
    operation = (await shown(control, headers))[0]
    assert (operation["is_stuck"], operation["steps"][0]["is_stuck"]) == (True, True)
    control.plane.status = 200
    await settle(control)
    assert (await shown(control, headers))[0]["is_stuck"] is False


async def test_retry_runs_it_now(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await created(control, headers)
    control.plane.status = 500
    await control.client.post("/api/tenants/acme/suspend", json={"reason": "unpaid"}, headers=headers)
    operation_id = await last_operation_id(control)
    path = f"/api/tenants/acme/operations/{operation_id}/retry"
    again = (await control.client.post(path, headers=headers)).json()["data"]
    assert (again["state"], again["attempts"], again["steps"][0]["attempts"]) == ("running", 2, 2)
    control.plane.status = 200
    done = (await control.client.post(path, headers=headers)).json()["data"]
    assert (done["state"], done["attempts"], done["error"]) == ("succeeded", 3, None)
    ended = await control.client.post(path, headers=headers)
    assert (ended.status_code, ended.json()["code"]) == (400, "INVALID_TRANSITION")
    kinds = "select count(*) from events where kind = 'tenant.operation_retried'"
    assert await control.sql(kinds) == [(2,)]


async def test_an_operation_of_another_tenant_is_not_found(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await created(control, headers)
    await created(control, headers, tenant_id="globex")
    theirs = await last_operation_id(control, "globex")
    for operation_id in (theirs, uuid7()):
        for method, end in (("GET", ""), ("POST", "/retry"), ("POST", "/cancel")):
            path = f"/api/tenants/acme/operations/{operation_id}{end}"
            answer = await control.client.request(method, path, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    assert (await control.client.get("/api/tenants/nobody/operations", headers=headers)).status_code == 404


async def test_pages_are_newest_first_and_stable(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await created(control, headers)
    for verb in ("suspend", "resume", "suspend", "resume"):
        answer = await control.client.post(f"/api/tenants/acme/{verb}", json={"reason": "x"}, headers=headers)
        assert answer.status_code == 200
    first = (await control.client.get("/api/tenants/acme/operations?limit=2", headers=headers)).json()["data"]
    await control.client.post("/api/tenants/acme/suspend", json={"reason": "x"}, headers=headers)
    path = f"/api/tenants/acme/operations?limit=10&cursor={first['next_cursor']}"
    rest = (await control.client.get(path, headers=headers)).json()["data"]
    kinds = [item["kind"] for item in first["items"] + rest["items"]]
    assert kinds == ["resume", "suspend", "resume", "suspend", "create"]
    assert (first["total"], rest["total"], rest["next_cursor"]) == (5, 6, None)


@pytest.mark.parametrize("size", [1, 9])
async def test_a_page_costs_the_same_however_long(control: ControlPlane, size: int) -> None:
    headers = await control.super_admin()
    await created(control, headers)
    for _ in range(size - 1):
        await control.client.patch("/api/tenants/acme", json={"name": f"{uuid7()}"}, headers=headers)
    with control.statements() as statements:
        assert len(await shown(control, headers)) == size
    assert len([statement for statement in statements if "operation" in statement]) == 4


async def test_an_export_stands_in_nobodys_way_and_ends_even_if_its_process_died(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await created(control, headers)
    async with control.database.write(SYSTEM) as tx:
        done = await service.start_export(tx, "acme", "They asked")
    async with control.database.write(SYSTEM) as tx:
        await service.end_export(tx, "acme", done)
        await service.start_export(tx, "acme", "They asked")
    answer = await control.client.post("/api/tenants/acme/suspend", json={"reason": "x"}, headers=headers)
    assert answer.status_code == 200
    await control.execute("update operations set started_at = now() - interval '2 hours' where state = 'running'")
    for tick in ticks(flows_of(control)):
        await tick.run()
    assert await operations(control) == [
        ("create", "succeeded"),
        ("export", "succeeded"),
        ("export", "failed"),
        ("suspend", "succeeded"),
    ]
