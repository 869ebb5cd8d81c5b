"""Room for one more user: members against the limit, and no race for the last seat."""

import asyncio

import pytest

from control_plane.core.system import SYSTEM
from control_plane.identity import service as identity
from control_plane.identity.rules import Role
from control_plane.quotas import service as quotas
from control_plane.quotas.errors import NoRoomForUser
from tests.control_plane.support import ControlPlane


async def seated(control: ControlPlane, email: str) -> str:
    user_id = await control.add_user(email)
    try:
        async with control.database.write(SYSTEM) as tx:
            await quotas.require_room_for_user(tx, "acme")
            await identity.add_membership(tx, user_id, "acme", Role.VIEWER)
    except NoRoomForUser as error:
        assert (error.status, error.code) == (402, "QUOTA_EXCEEDED")
        return "refused"
    return "seated"


async def limit_users(control: ControlPlane, value: int | None) -> None:
    headers = await control.super_admin()
    body = {"limit_name": "users", "value": value, "reason": "test"}
    answer = await control.client.post("/api/tenants/acme/limits", json=body, headers=headers)
    assert answer.status_code == 201


async def test_of_several_for_the_last_seat_one_gets_it(control: ControlPlane) -> None:
    await control.add_tenant("acme")
    await limit_users(control, 2)
    assert await seated(control, "first@acme.example") == "seated"
    results = await asyncio.gather(*(seated(control, f"user-{n}@acme.example") for n in range(4)))
    assert sorted(results) == ["refused", "refused", "refused", "seated"]
    assert await control.sql("select count(*) from memberships") == [(2,)]


@pytest.mark.parametrize(("value", "result"), [(0, "refused"), (1, "seated"), (None, "seated")])
async def test_limits_of_one_and_none(control: ControlPlane, value: int | None, result: str) -> None:
    await control.add_tenant("acme")
    await limit_users(control, value)
    assert await seated(control, "ana@acme.example") == result


async def test_seats_of_other_tenants_do_not_count(control: ControlPlane) -> None:
    await control.add_tenant("acme")
    await control.add_tenant("globex")
    await control.add_user("ana@globex.example", {"globex": Role.ADMIN})
    await limit_users(control, 1)
    assert await seated(control, "ana@acme.example") == "seated"
