"""Who may call what, over HTTP; and that a refusal changes nothing."""

import pytest

from control_plane.app import OPERATIONS
from control_plane.core.permissions import ROLES, Permission
from control_plane.identity.rules import Role
from tests.control_plane.support import ControlPlane, bearer

NEW_TENANT = {"tenant_id": "globex", "name": "Globex", "plan": "pro", "contact_email": "ops@globex.example"}
SUPER_ADMIN_ONLY = [("GET", "/api/tenants"), ("POST", "/api/tenants"), ("GET", "/api/tenants/acme")]
SIGNED_IN = [*SUPER_ADMIN_ONLY, ("GET", "/api/plans"), ("GET", "/api/auth/me")]
PUBLIC = {"/api/auth/token", "/api/auth/login", "/api/auth/refresh", "/api/auth/logout", "/api/demo"}


def test_the_table_of_roles() -> None:
    member = {Permission.PLANS_READ, Permission.PROFILE_READ}
    assert {role: set(permissions) for role, permissions in ROLES.items()} == {
        "viewer": member,
        "operator": member,
        "admin": member,
        "super_admin": set(Permission),
        "system": set(Permission),
    }


def test_every_operation_is_in_one_of_the_lists_here() -> None:
    listed = {path.replace("acme", "{tenant_id}") for _, path in SIGNED_IN} | PUBLIC
    assert {operation.path for operation in OPERATIONS} == listed
    assert {operation.path for operation in OPERATIONS if operation.access == "public"} == PUBLIC


@pytest.mark.parametrize(("method", "path"), SIGNED_IN)
async def test_a_stranger_is_asked_to_sign_in(control: ControlPlane, method: str, path: str) -> None:
    answer = await control.client.request(method, path, json=NEW_TENANT)
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert await control.sql("select tenant_id from tenants") == []


@pytest.mark.parametrize("role", list(Role))
async def test_members_may_not_see_or_make_tenants(control: ControlPlane, role: Role) -> None:
    headers = await control.member(role)
    for method, path in SUPER_ADMIN_ONLY:
        answer = await control.client.request(method, path, json=NEW_TENANT, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
        assert "tenants:" in answer.json()["detail"]
    assert await control.sql("select tenant_id from tenants") == [("acme",)]
    assert control.plane.calls == []


@pytest.mark.parametrize("role", list(Role))
async def test_members_may_see_plans_and_themselves(control: ControlPlane, role: Role) -> None:
    headers = await control.member(role)
    answers = [await control.client.get(path, headers=headers) for path in ("/api/plans", "/api/auth/me")]
    assert [answer.status_code for answer in answers] == [200, 200]


@pytest.mark.parametrize("header", ["authorization", "x-api-key"])
async def test_api_keys_open_nothing_here(control: ControlPlane, header: str) -> None:
    key = "opk_acme_0123_secret"
    answer = await control.client.get("/api/plans", headers={header: f"Bearer {key}"})
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")


async def test_the_tenant_header_is_an_assertion(control: ControlPlane) -> None:
    headers = await control.member(Role.VIEWER)
    equal = await control.client.get("/api/auth/me", headers={**headers, "x-tenant-id": "acme"})
    other = await control.client.get("/api/auth/me", headers={**headers, "x-tenant-id": "globex"})
    assert (equal.status_code, other.status_code) == (200, 403)


async def test_a_super_admin_in_a_tenants_seat_is_only_a_member(control: ControlPlane) -> None:
    await control.add_tenant("acme")
    await control.add_user("root@opsplane.example", {"acme": Role.ADMIN}, is_super_admin=True)
    seated = await control.sign_in("root@opsplane.example", tenant_id="acme")
    answer = await control.client.get("/api/tenants", headers=bearer(seated["token"]))
    assert (seated["user"]["role"], answer.status_code) == ("admin", 403)
