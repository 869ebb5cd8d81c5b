"""Acting inside a tenant, as the control plane sees it: recorded, told to the plane, and only then a token."""

from typing import Any

import httpx
import pytest

from control_plane.identity.rules import Role
from tests.control_plane.support import PASSWORD, ROOT_EMAIL, ControlPlane, bearer, claims_of

PATH = "/api/tenants/acme/impersonations"
WHY = {"reason": "ticket 4711", "minutes": 30}


@pytest.fixture
async def root(control: ControlPlane) -> dict[str, str]:
    await control.add_tenant("acme")
    return await control.super_admin()


async def start(control: ControlPlane, headers: dict[str, str], **body: Any) -> httpx.Response:
    return await control.client.post(PATH, json={**WHY, **body}, headers=headers)


@pytest.mark.parametrize(("write", "role"), [(False, "viewer"), (True, "admin")])
async def test_a_token_for_the_tenant(control: ControlPlane, root: dict[str, str], write: bool, role: str) -> None:
    answer = await start(control, root, write=write)
    data = answer.json()["data"]
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    assert "refresh_token" not in data
    claims = claims_of(data["token"])
    assert (claims["role"], claims["tenant_id"], claims["impersonated_by"]) == (role, "acme", ROOT_EMAIL)
    assert (claims["sid"], claims["exp"] - claims["iat"]) == (data["id"], 1800)
    ((told,),) = [list(control.plane.impersonations.values())]
    assert (str(told.id), told.read_only, told.reason, told.ended_at) == (data["id"], not write, WHY["reason"], None)
    entries = await control.sql(
        "select actor_name, tenant_id, details from audit_log where action = 'impersonation.started'"
    )
    assert [(name, tenant) for name, tenant, _ in entries] == [(ROOT_EMAIL, "acme")]


async def test_a_plane_that_is_away_gives_no_token(control: ControlPlane, root: dict[str, str]) -> None:
    control.plane.failing.add("PUT impersonation")
    answer = await start(control, root)
    assert (answer.status_code, "token" in answer.text) == (503, False)
    listed = (await control.client.get(PATH, headers=root)).json()["data"]["items"]
    assert [(one["is_running"], one["is_told"]) for one in listed] == [(False, False)]


async def test_the_profile_says_what_it_is(control: ControlPlane, root: dict[str, str]) -> None:
    token = (await start(control, root)).json()["data"]["token"]
    me = (await control.me(token)).json()["data"]
    assert (me["email"], me["role"], me["tenant_id"], me["tenants"]) == (ROOT_EMAIL, "viewer", "acme", [])
    assert (me["acting_as"]["by"], me["acting_as"]["reason"], me["acting_as"]["read_only"]) == (
        ROOT_EMAIL,
        WHY["reason"],
        True,
    )


async def test_its_token_opens_nothing_else_here(control: ControlPlane, root: dict[str, str]) -> None:
    headers = bearer((await start(control, root, write=True)).json()["data"]["token"])
    for method, path in (
        ("GET", "/api/users"),
        ("GET", "/api/tenants"),
        ("GET", "/api/auth/audit"),
        ("GET", "/api/auth/sessions"),
        ("POST", PATH),
        ("POST", "/api/auth/totp"),
        ("PATCH", "/api/auth/me"),
    ):
        body = {PATH: WHY, "/api/auth/totp": {"password": PASSWORD}}.get(path, {})
        answer = await control.client.request(method, path, json=body, headers=headers)
        assert answer.status_code == 403, path


async def test_ending_is_told_and_the_profile_is_gone(control: ControlPlane, root: dict[str, str]) -> None:
    started = (await start(control, root)).json()["data"]
    ended = (await control.client.delete(f"{PATH}/{started['id']}", headers=root)).json()["data"]
    assert (ended["is_running"], ended["is_told"], ended["ended_by"]) == (False, True, ROOT_EMAIL)
    assert [told.ended_at is not None for told in control.plane.impersonations.values()] == [True]
    assert (await control.me(started["token"])).status_code == 401
    again = await control.client.delete(f"{PATH}/{started['id']}", headers=root)
    assert again.json()["data"]["ended_at"] == ended["ended_at"]
    assert await control.sql("select count(*) from audit_log where action = 'impersonation.ended'") == [(1,)]


async def test_an_end_that_the_plane_did_not_hear_is_told_again(control: ControlPlane, root: dict[str, str]) -> None:
    started = (await start(control, root)).json()["data"]
    control.plane.failing.add("PUT impersonation")
    ended = (await control.client.delete(f"{PATH}/{started['id']}", headers=root)).json()["data"]
    assert (ended["is_running"], ended["is_told"]) == (False, False)
    await control.app.state.impersonations.tell_ends()
    control.plane.failing.clear()
    await control.app.state.impersonations.tell_ends()
    assert [told.ended_at is not None for told in control.plane.impersonations.values()] == [True]
    listed = (await control.client.get(PATH, headers=root)).json()["data"]["items"]
    assert listed[0]["is_told"] is True


async def test_it_is_over_by_itself(control: ControlPlane, root: dict[str, str]) -> None:
    started = (await start(control, root)).json()["data"]
    past = "starts_at = starts_at - interval '45 minutes', ends_at = ends_at - interval '45 minutes'"
    await control.execute(f"update impersonations set {past}")
    assert (await control.me(started["token"])).status_code == 401
    listed = (await control.client.get(PATH, headers=root)).json()["data"]["items"]
    assert [one["is_running"] for one in listed] == [False]


@pytest.mark.parametrize(
    ("body", "status"),
    [({"minutes": 0}, 422), ({"minutes": 61}, 422), ({"reason": " "}, 422), ({"tenant_id": "globex"}, 422)],
)
async def test_what_it_needs(control: ControlPlane, root: dict[str, str], body: dict[str, Any], status: int) -> None:
    assert (await start(control, root, **body)).status_code == status
    assert await control.sql("select id from impersonations") == []


@pytest.mark.parametrize("state", ["deleting", "gone", "requested"])
async def test_not_where_nobody_can_work(control: ControlPlane, root: dict[str, str], state: str) -> None:
    await control.execute(f"update tenants set state = '{state}'")
    assert (await start(control, root)).status_code == 409
    never = await control.client.post("/api/tenants/never-was/impersonations", json=WHY, headers=root)
    assert never.status_code == 404
    assert control.plane.impersonations == {}


@pytest.mark.parametrize("role", list(Role))
async def test_members_can_not(control: ControlPlane, role: Role) -> None:
    headers = await control.member(role)
    answers = [await start(control, headers), await control.client.get(PATH, headers=headers)]
    assert [answer.status_code for answer in answers] == [403, 403]
    assert await control.sql("select id from impersonations") == []
