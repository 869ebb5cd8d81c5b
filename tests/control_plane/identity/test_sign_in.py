"""Signing in: what is told to those who may, and how little to those who may not."""

from typing import Any
from unittest.mock import ANY

import httpx
import pytest

from control_plane.core.system import SYSTEM
from control_plane.identity import service
from control_plane.identity.errors import EmailTaken, WeakPassword, WrongCredentials
from control_plane.identity.passwords import PasswordChecker, hash_password
from control_plane.identity.rules import Role
from control_plane.identity.schemas import Attempt, UserCreate
from control_plane.identity.vault import FactorVault
from shared.tx import ANONYMOUS
from tests.control_plane.support import PASSWORD, SECRET, ControlPlane, bearer, claims_of

EMAIL = "ana@acme.example"


async def attempt(control: ControlPlane, **body: Any) -> httpx.Response:
    return await control.client.post("/api/auth/token", json={"email": EMAIL, "password": PASSWORD, **body})


@pytest.mark.parametrize("path", ["/api/auth/token", "/api/auth/login", "/api/v1/auth/token"])
async def test_a_member_signs_in(control: ControlPlane, path: str) -> None:
    await control.add_tenant("acme", "Acme")
    user_id = await control.add_user(EMAIL, {"acme": Role.OPERATOR})
    answer = await control.client.post(path, json={"email": " Ana@ACME.example", "password": PASSWORD})
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    data = answer.json()["data"]
    assert data == {
        "token": ANY,
        "refresh_token": ANY,
        "expires_in": 900,
        "user": {
            "id": str(user_id),
            "email": EMAIL,
            "name": "Ana Ruiz",
            "role": "operator",
            "tenant_id": "acme",
            "tenant_name": "Acme",
            "tenants": [{"tenant_id": "acme", "name": "Acme", "role": "operator"}],
            "time_zone": None,
            "method": "password",
            "has_second_factor": False,
            "must_enrol": False,
            "acting_as": None,
        },
    }
    claims = claims_of(data["token"])
    ((session_id,),) = await control.sql("select id from sessions")
    assert claims == {
        "sub": str(user_id),
        "email": EMAIL,
        "name": "Ana Ruiz",
        "role": "operator",
        "tenant_id": "acme",
        "method": "password",
        "second_factor": False,
        "impersonated_by": None,
        "sid": str(session_id),
        "iat": ANY,
        "exp": claims["iat"] + 900,
        "iss": "opsplane",
        "aud": "opsplane",
    }


async def test_only_a_hash_of_the_refresh_token_is_stored(control: ControlPlane) -> None:
    await control.super_admin()
    ((stored,),) = await control.sql("select token_hash from refresh_tokens")
    assert len(stored) == 32


async def test_a_super_admin_sits_in_no_tenant(control: ControlPlane) -> None:
    await control.add_user(EMAIL, is_super_admin=True)
    user = (await control.sign_in(EMAIL))["user"]
    assert (user["role"], user["tenant_id"], user["tenant_name"], user["tenants"]) == ("super_admin", None, None, [])


async def test_a_wrong_password_and_an_unknown_user_look_the_same(control: ControlPlane) -> None:
    await control.add_tenant("acme")
    await control.add_user(EMAIL, {"acme": Role.VIEWER})
    wrong = await attempt(control, password="not the password")
    unknown = await attempt(control, email="nobody@acme.example")
    await control.execute("update users set disabled_at = now()")
    disabled = await attempt(control)
    bodies = [{**answer.json(), "trace_id": None} for answer in (wrong, unknown, disabled)]
    assert [answer.status_code for answer in (wrong, unknown, disabled)] == [401, 401, 401]
    assert bodies[0] == bodies[1] == bodies[2]
    assert bodies[0]["error"] == "The e-mail address or the password is wrong."
    assert await control.sql("select id from sessions") == []


async def test_an_unknown_user_costs_the_same_password_check_and_never_matches(password_hash: str) -> None:
    checker = PasswordChecker()
    assert checker._nobody.split("$")[:4] == password_hash.split("$")[:4]
    assert await checker.matches(PASSWORD, password_hash)
    assert not await checker.matches(PASSWORD, None)
    assert not await checker.matches(PASSWORD, "not a hash")


async def test_a_short_password_is_refused() -> None:
    with pytest.raises(WeakPassword):
        await hash_password("1234567")


async def test_the_tenant_used_last_is_the_default(control: ControlPlane) -> None:
    for tenant_id in ("acme", "globex", "initech"):
        await control.add_tenant(tenant_id)
    await control.add_user(EMAIL, {"acme": Role.VIEWER, "globex": Role.ADMIN, "initech": Role.VIEWER})
    first = await control.sign_in(EMAIL)
    chosen = await control.sign_in(EMAIL, tenant_id="globex")
    again = await control.sign_in(EMAIL)
    assert [data["user"]["tenant_id"] for data in (first, chosen, again)] == ["acme", "globex", "globex"]
    assert [claims_of(data["token"])["role"] for data in (first, chosen, again)] == ["viewer", "admin", "admin"]
    assert [seat["tenant_id"] for seat in again["user"]["tenants"]] == ["acme", "globex", "initech"]


async def test_other_tenants_and_tenants_that_never_existed_look_the_same(control: ControlPlane) -> None:
    await control.add_tenant("acme")
    await control.add_tenant("secret-corp")
    await control.add_user(EMAIL, {"acme": Role.VIEWER})
    other = await attempt(control, tenant_id="secret-corp")
    never = await attempt(control, tenant_id="nobody-corp")
    assert (other.status_code, never.status_code) == (403, 403)
    assert other.json()["error"].replace("secret", "nobody") == never.json()["error"]
    assert await control.sql("select id from sessions") == []


@pytest.mark.parametrize(
    ("state", "status"),
    [("suspended", 200), ("requested", 403), ("provisioning", 403), ("deleting", 403), ("gone", 403)],
)
async def test_who_may_enter_a_tenant_that_is_not_active(control: ControlPlane, state: str, status: int) -> None:
    """A suspended one can still be read."""
    await control.add_tenant("acme")
    await control.add_user(EMAIL, {"acme": Role.VIEWER})
    await control.execute(f"update tenants set state = '{state}'")
    assert (await attempt(control)).status_code == status


@pytest.mark.parametrize("choice", [{}, {"tenant_id": "acme"}])
async def test_a_member_of_a_tenant_that_is_to_be_deleted_hears_when(
    control: ControlPlane, choice: dict[str, str]
) -> None:
    await control.add_tenant("acme")
    await control.add_user(EMAIL, {"acme": Role.VIEWER})
    await control.execute("update tenants set state = 'deleting', delete_after = '2031-05-04T03:00:00Z'")
    answer = await attempt(control, **choice)
    assert answer.status_code == 403
    assert answer.json()["error"] == "Acme is to be deleted on 2031-05-04 (UTC); until then it can be restored."
    assert await control.sql("select id from sessions") == []
    await control.execute("update tenants set state = 'gone'")
    assert "is to be deleted" not in (await attempt(control, **choice)).json()["error"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"email": "no address"}, "body.email"),
        ({"password": ""}, "body.password"),
        ({"password": "x" * 1025}, "body.password"),
        ({"tenant_id": "Not A Slug"}, "body.tenant_id"),
        ({"username": "ana"}, "body.username"),
    ],
)
async def test_what_can_not_be_read_is_refused_and_passwords_are_not_repeated(
    control: ControlPlane, body: dict[str, str], field: str
) -> None:
    answer = await attempt(control, **body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert PASSWORD not in answer.text


async def test_a_password_that_changed_while_it_was_checked_opens_nothing(control: ControlPlane) -> None:
    await control.add_user(EMAIL, is_super_admin=True)
    attempt = Attempt(EMAIL, None)
    async with control.database.read(ANONYMOUS) as tx:
        proven = await service.find_credentials(tx, attempt)
    await control.execute("update users set password_hash = 'another'")
    assert proven is not None
    with pytest.raises(WrongCredentials):
        async with control.database.write(ANONYMOUS) as tx:
            await service.start_session(tx, proven, attempt, FactorVault(SECRET), 30)
    assert await control.sql("select id from sessions") == []


async def test_no_connection_is_held_while_a_password_is_checked(control: ControlPlane) -> None:
    await control.add_user(EMAIL, is_super_admin=True)
    pool: Any = control.database._engine.pool
    seen: list[int] = []
    checker = control.app.state.sessions.passwords
    matches = checker.matches

    async def watching(password: str, password_hash: str | None) -> bool:
        seen.append(pool.checkedout())
        return bool(await matches(password, password_hash))

    checker.matches = watching
    await control.sign_in(EMAIL)
    assert seen == [0]


async def test_an_address_belongs_to_one_user(control: ControlPlane) -> None:
    await control.add_user(EMAIL)
    command = UserCreate(email=EMAIL.upper(), name="Other", password_hash=control.password_hash)
    with pytest.raises(EmailTaken):
        async with control.database.write(SYSTEM) as tx:
            await service.create_user(tx, command)
    assert await control.sql("select email, name from users") == [(EMAIL, "Ana Ruiz")]


async def test_adding_a_member_again_changes_the_role(control: ControlPlane) -> None:
    await control.add_tenant("acme")
    user_id = await control.add_user(EMAIL, {"acme": Role.VIEWER})
    signed_in = await control.sign_in(EMAIL)
    async with control.database.write(SYSTEM) as tx:
        await service.add_membership(tx, user_id, "acme", Role.ADMIN)
    me = await control.me(signed_in["token"])
    refreshed = (await control.refresh(signed_in["refresh_token"])).json()["data"]
    assert (me.status_code, refreshed["user"]["role"]) == (401, "admin")


async def test_me_is_the_user_of_the_session(control: ControlPlane) -> None:
    await control.add_tenant("acme")
    await control.add_user(EMAIL, {"acme": Role.VIEWER})
    data = await control.sign_in(EMAIL)
    await control.me(data["token"])  # the tenant's rates are known for some seconds from now on
    with control.statements() as statements:
        me = await control.me(data["token"])
    assert me.json()["data"] == data["user"]
    assert len(statements) == 5


async def test_me_notices_that_a_super_admin_is_none_any_more(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await control.execute("update users set is_super_admin = false")
    assert (await control.client.get("/api/auth/me", headers=headers)).status_code == 401


@pytest.mark.parametrize("change", ["update users set disabled_at = now()", "delete from memberships"])
async def test_me_notices_that_the_user_or_the_seat_is_gone(control: ControlPlane, change: str) -> None:
    await control.add_tenant("acme")
    await control.add_user(EMAIL, {"acme": Role.VIEWER})
    token = (await control.sign_in(EMAIL))["token"]
    await control.execute(change)
    assert (await control.client.get("/api/auth/me", headers=bearer(token))).status_code == 401
