"""Members of a tenant, as its admins see and change them; and never those of another tenant."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest

from control_plane.core.permissions import ROLES as CONTROL_ROLES
from control_plane.core.permissions import Permission as ControlPermission
from control_plane.identity.rules import ROLES_IN_WORDS, Role
from tenant_plane.core.permissions import LEVELS
from tenant_plane.core.permissions import ROLES as TENANT_ROLES
from tests.control_plane.support import ControlPlane, bearer

NOBODY = "0192f0c1-2345-7890-abcd-ef0123456789"
ADMIN = "ana@acme.example"


@pytest.fixture
async def admin(control: ControlPlane) -> dict[str, str]:
    return await control.member(Role.ADMIN)


@pytest.fixture
async def stranger(control: ControlPlane, admin: dict[str, str]) -> UUID:
    """The only member of globex."""
    await control.add_tenant("globex")
    return await control.add_user("gus@globex.example", {"globex": Role.ADMIN})


async def id_of(control: ControlPlane, email: str) -> UUID:
    ((found,),) = await control.sql(f"select id from users where email = '{email}'")
    return UUID(str(found))


async def patch(control: ControlPlane, user_id: object, headers: dict[str, str], **change: Any) -> httpx.Response:
    return await control.client.patch(f"/api/users/{user_id}", json=change, headers=headers)


async def picture(control: ControlPlane) -> list[Any]:
    return await control.sql("select user_id, tenant_id, role, deactivated_at from memberships order by 1, 2")


async def test_an_admin_lists_their_people(control: ControlPlane, admin: dict[str, str], stranger: UUID) -> None:
    bo = await control.add_user("bo@acme.example", {"acme": Role.OPERATOR, "globex": Role.VIEWER})
    page = (await control.client.get("/api/users", headers=admin)).json()["data"]
    assert [person["email"] for person in page["items"]] == ["bo@acme.example", ADMIN]
    assert page["total"] == 2
    one = (await control.client.get(f"/api/users/{bo}", headers=admin)).json()["data"]
    assert one == page["items"][0]
    assert {key: one[key] for key in ("role", "is_active", "has_password", "has_second_factor", "locked_until")} == {
        "role": "operator",
        "is_active": True,
        "has_password": True,
        "has_second_factor": False,
        "locked_until": None,
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=BO@", ["bo@acme.example"]),
        ("q=%25", []),
        ("role=admin", [ADMIN]),
        ("state=deactivated", ["bo@acme.example"]),
        ("state=active", [ADMIN]),
    ],
)
async def test_filters(control: ControlPlane, admin: dict[str, str], query: str, found: list[str]) -> None:
    bo = await control.add_user("bo@acme.example", {"acme": Role.OPERATOR})
    await patch(control, bo, admin, is_active=False)
    page = (await control.client.get(f"/api/users?{query}", headers=admin)).json()["data"]
    assert ([person["email"] for person in page["items"]], page["total"]) == (found, len(found))


async def test_pages_follow_each_other_in_few_statements(control: ControlPlane, admin: dict[str, str]) -> None:
    for number in range(5):
        await control.add_user(f"user-{number}@acme.example", {"acme": Role.VIEWER})
    await control.client.get("/api/users", headers=admin)  # the tenant's rates are known for some seconds from now on
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        with control.statements() as statements:
            page = (await control.client.get(f"/api/users?limit=2{cursor}", headers=admin)).json()["data"]
        assert len([one for one in statements if "select" in one.lower()]) <= 6
        seen += [person["email"] for person in page["items"]]
        cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
    assert seen == [*(f"user-{number}@acme.example" for number in (4, 3, 2, 1, 0)), ADMIN]


async def test_a_super_admin_names_the_tenant(control: ControlPlane, admin: dict[str, str], stranger: UUID) -> None:
    root = await control.super_admin()
    unnamed = await control.client.get("/api/users", headers=root)
    named = await control.client.get("/api/users?tenant_id=globex", headers=root)
    never = await control.client.get("/api/users?tenant_id=never-was", headers=root)
    assert [answer.status_code for answer in (unnamed, named, never)] == [422, 200, 404]
    assert [person["email"] for person in named.json()["data"]["items"]] == ["gus@globex.example"]


async def test_another_tenants_people_do_not_exist(
    control: ControlPlane, admin: dict[str, str], stranger: UUID
) -> None:
    invited = await control.client.post(
        "/api/users/invitations?tenant_id=globex",
        json={"email": "new@globex.example", "role": "viewer"},
        headers=await control.super_admin(),
    )
    invitation = invited.json()["data"]["items"][0]["invitation"]["id"]
    before = await picture(control)
    calls = [
        ("GET", "/api/users/{id}", stranger, None),
        ("PATCH", "/api/users/{id}", stranger, {"role": "viewer"}),
        ("PATCH", "/api/users/{id}", stranger, {"is_active": False}),
        ("DELETE", "/api/users/{id}", stranger, None),
        ("POST", "/api/users/{id}/unlock", stranger, None),
        ("POST", "/api/users/{id}/reset-totp", stranger, None),
        ("POST", "/api/users/invitations/{id}/resend", invitation, None),
        ("DELETE", "/api/users/invitations/{id}", invitation, None),
    ]
    for method, path, theirs, body in calls:
        looks = []
        for value in (theirs, NOBODY):
            answer = await control.client.request(method, path.format(id=value), json=body, headers=admin)
            looks.append((answer.status_code, {**answer.json(), "trace_id": ""}))
        assert looks[0] == looks[1] and looks[0][0] == 404, path
    for method, path in (("GET", "/api/users"), ("GET", "/api/users/invitations")):
        looks = []
        for tenant_id in ("globex", "neverwa"):
            answer = await control.client.request(method, f"{path}?tenant_id={tenant_id}", headers=admin)
            looks.append((answer.status_code, answer.json()["error"].replace(tenant_id, "")))
        assert looks[0] == looks[1] and looks[0][0] == 404
    assert await picture(control) == before
    assert await control.sql("select revoked_at from invitations") == [(None,)]


async def test_one_idempotency_key_in_two_tenants_is_two(control: ControlPlane, admin: dict[str, str]) -> None:
    """A member of both, who sends it to each."""
    await control.add_tenant("globex")
    await control.add_user("both@people.example", {"acme": Role.ADMIN, "globex": Role.ADMIN})
    ana, gus = await id_of(control, ADMIN), await control.add_user("gus@globex.example", {"globex": Role.VIEWER})
    answers = []
    for tenant_id, member in (("acme", ana), ("globex", gus), ("acme", ana)):
        token = (await control.sign_in("both@people.example", tenant_id=tenant_id))["token"]
        headers = {**bearer(token), "idempotency-key": "the same"}
        answers.append(await control.client.post(f"/api/users/{member}/unlock", headers=headers))
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert [answer.json()["data"]["email"] for answer in answers] == [ADMIN, "gus@globex.example", ADMIN]
    assert ["idempotent-replayed" in answer.headers for answer in answers] == [False, False, True]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
async def test_others_manage_nobody(control: ControlPlane, role: Role) -> None:
    headers = await control.member(role)
    bo = await control.add_user("bo@acme.example", {"acme": Role.ADMIN})
    before = await picture(control)
    answers = [
        await control.client.get("/api/users", headers=headers),
        await patch(control, bo, headers, role="viewer"),
        await control.client.delete(f"/api/users/{bo}", headers=headers),
        await control.client.post("/api/users/invitations", json={"email": "a@b", "role": "admin"}, headers=headers),
    ]
    assert {answer.status_code for answer in answers} == {403}
    assert await picture(control) == before
    assert await control.sql("select id from invitations") == []


async def test_a_role_is_changed_and_audited(control: ControlPlane, admin: dict[str, str]) -> None:
    bo = await control.add_user("bo@acme.example", {"acme": Role.VIEWER})
    answer = await patch(control, bo, admin, role="operator")
    assert answer.json()["data"]["role"] == "operator"
    entries = (await control.client.get(f"/api/auth/audit?target=user:{bo}", headers=admin)).json()["data"]["items"]
    changed = next(entry for entry in entries if entry["action"] == "member.role_changed")
    assert (changed["actor_name"], changed["details"]["before"], changed["details"]["after"]) == (
        ADMIN,
        "viewer",
        "operator",
    )


async def test_deactivating_ends_sessions_here_and_nowhere_else(
    control: ControlPlane, admin: dict[str, str], stranger: UUID
) -> None:
    bo = await control.add_user("bo@acme.example", {"acme": Role.VIEWER, "globex": Role.VIEWER})
    here = await control.sign_in("bo@acme.example", tenant_id="acme")
    elsewhere = await control.sign_in("bo@acme.example", tenant_id="globex")
    assert (await patch(control, bo, admin, is_active=False)).json()["data"]["is_active"] is False
    assert (await control.refresh(here["refresh_token"])).status_code == 401
    kept = await control.refresh(elsewhere["refresh_token"])
    assert kept.status_code == 200
    back = await control.refresh(kept.json()["data"]["refresh_token"], tenant_id="acme")
    assert back.status_code == 403
    assert (await patch(control, bo, admin, is_active=True)).json()["data"]["is_active"] is True
    assert (await control.sign_in("bo@acme.example", tenant_id="acme"))["user"]["tenant_id"] == "acme"


async def test_removing_takes_the_membership_and_keeps_the_account(
    control: ControlPlane, admin: dict[str, str]
) -> None:
    bo = await control.add_user("bo@acme.example", {"acme": Role.VIEWER})
    session = await control.sign_in("bo@acme.example")
    answer = await control.client.delete(f"/api/users/{bo}", headers=admin)
    assert answer.json()["data"] == {"id": str(bo), "removed": True}
    assert (await control.refresh(session["refresh_token"])).status_code == 401
    assert await control.sql(f"select count(*) from users where id = '{bo}'") == [(1,)]
    assert (await control.client.get(f"/api/users/{bo}", headers=admin)).status_code == 404


@pytest.mark.parametrize("change", [{"role": "viewer"}, {"is_active": False}, None])
async def test_the_last_admin_stays(control: ControlPlane, admin: dict[str, str], change: Any) -> None:
    me = await id_of(control, ADMIN)
    gone = await control.add_user("gone@acme.example", {"acme": Role.ADMIN})
    await patch(control, gone, admin, is_active=False)
    before = await picture(control)
    method = "DELETE" if change is None else "PATCH"
    answer = await control.client.request(method, f"/api/users/{me}", json=change, headers=admin)
    assert (answer.status_code, answer.json()["code"]) == (409, "LAST_ADMIN")
    assert "last admin" in answer.json()["error"]
    assert await picture(control) == before


async def test_two_admins_who_demote_each_other_at_once(control: ControlPlane, admin: dict[str, str]) -> None:
    other = await control.add_user("bo@acme.example", {"acme": Role.ADMIN})
    theirs = bearer((await control.sign_in("bo@acme.example"))["token"])
    me = await id_of(control, ADMIN)
    answers = await asyncio.gather(
        patch(control, other, admin, role="viewer"), patch(control, me, theirs, role="viewer")
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert await control.sql("select count(*) from memberships where role = 'admin'") == [(1,)]


async def test_roles_in_words_are_the_permissions(control: ControlPlane, admin: dict[str, str]) -> None:
    """What a role gains in words is what it gains in the tables of both planes; some rights are nobody's business."""
    own = {ControlPermission.MEMBERS_MANAGE, ControlPermission.SSO_MANAGE, ControlPermission.BILLING_MANAGE}
    for role, said in ROLES_IN_WORDS.items():
        assert set(said.permissions) == set(TENANT_ROLES[role]) | (CONTROL_ROLES[role] & own)
        assert said.level == LEVELS[role]
    answer = await control.client.get("/api/auth/roles", headers=admin)
    roles = answer.json()["data"]["roles"]
    assert [(one["role"], one["level"]) for one in roles] == [("viewer", 1), ("operator", 2), ("admin", 3)]
