"""Who may call what, over HTTP; and that a refusal changes nothing."""

import pytest

from control_plane.app import OPERATIONS
from control_plane.core.permissions import ROLES, Permission
from control_plane.identity.rules import Role
from tests.control_plane.support import ControlPlane, bearer

NEW_TENANT = {"tenant_id": "globex", "name": "Globex", "plan": "pro", "contact_email": "ops@globex.example"}
SUPER_ADMIN_ONLY = [
    ("GET", "/api/tenants"),
    ("POST", "/api/tenants"),
    ("GET", "/api/tenants/acme"),
    ("GET", "/api/tenants/acme/operations"),
    ("GET", "/api/tenants/acme/operations/{operation_id}"),
    ("POST", "/api/tenants/acme/operations/{operation_id}/retry"),
    ("POST", "/api/tenants/acme/operations/{operation_id}/cancel"),
]
CHANGES = {
    ("PATCH", "/api/tenants/acme"): {"name": "Other"},
    ("DELETE", "/api/tenants/acme"): {"confirm": "acme"},
    ("POST", "/api/tenants/acme/suspend"): {"reason": "unpaid"},
    ("POST", "/api/tenants/acme/resume"): {},
    ("POST", "/api/tenants/acme/restore"): {},
    ("POST", "/api/tenants/acme/move"): {"placement": "dedicated"},
}
ADMINS_TOO = [("GET", "/api/auth/audit"), ("GET", "/api/auth/audit/export")]
SIGNED_IN = [*SUPER_ADMIN_ONLY, *CHANGES, *ADMINS_TOO, ("GET", "/api/plans"), ("GET", "/api/auth/me")]
PLACEMENTS = [
    ("GET", "/api/tenants/cells"),
    ("GET", "/api/tenants/cells/orphans"),
    ("GET", "/api/tenants/rollouts"),
    ("POST", "/api/tenants/rollouts"),
    ("GET", "/api/tenants/rollouts/{rollout_id}"),
    ("GET", "/api/tenants/rollouts/{rollout_id}/tenants"),
    ("POST", "/api/tenants/rollouts/{rollout_id}/resume"),
    ("POST", "/api/tenants/rollouts/{rollout_id}/cancel"),
]
SIGNED_IN += PLACEMENTS
QUOTAS = [
    ("POST", "/api/plans"),
    ("GET", "/api/plans/{name}"),
    ("POST", "/api/plans/{name}/preview"),
    ("GET", "/api/tenants/usage"),
    ("GET", "/api/tenants/acme/usage"),
    ("GET", "/api/tenants/acme/limits"),
    ("POST", "/api/tenants/acme/limits"),
    ("DELETE", "/api/tenants/acme/limits/{limit_id}"),
    ("POST", "/api/tenants/acme/throttle"),
    ("GET", "/api/tenants/acme/export"),
    ("POST", "/api/tenants/import"),
]
"""Who may do these is tested beside each."""
SIGNED_IN += QUOTAS
PEOPLE = [
    ("GET", "/api/auth/roles"),
    ("GET", "/api/auth/sessions"),
    ("DELETE", "/api/auth/sessions/{session_id}"),
    ("PATCH", "/api/auth/me"),
    ("POST", "/api/auth/change-password"),
    ("POST", "/api/auth/totp"),
    ("POST", "/api/auth/totp/confirm"),
    ("POST", "/api/auth/invitations/accept"),
    ("GET", "/api/auth/signing-keys"),
    ("POST", "/api/auth/signing-keys/rotate"),
    ("GET", "/api/users"),
    ("PATCH", "/api/users/{user_id}"),
    ("POST", "/api/users/{user_id}/unlock"),
    ("POST", "/api/users/{user_id}/reset-totp"),
    ("GET", "/api/users/invitations"),
    ("DELETE", "/api/users/invitations/{invitation_id}"),
    ("POST", "/api/users/invitations/{invitation_id}/resend"),
    ("POST", "/api/tenants/acme/impersonations"),
    ("DELETE", "/api/tenants/acme/impersonations/{impersonation_id}"),
]
"""Who may do these is tested in tests/control_plane/identity."""
SIGNED_IN += PEOPLE
SSO = [
    ("GET", "/api/auth/sso"),
    ("PUT", "/api/auth/sso"),
    ("DELETE", "/api/auth/sso"),
    ("POST", "/api/auth/sso/test"),
    ("GET", "/api/auth/sso/scim-token"),
    ("POST", "/api/auth/sso/scim-token"),
    ("DELETE", "/api/auth/sso/scim-token"),
    ("PUT", "/api/tenants/acme/sso-domains"),
]
"""Who may do these is tested in tests/control_plane/sso and scim."""
SIGNED_IN += SSO
BILLING = [
    ("GET", "/api/billing"),
    ("GET", "/api/billing/disputes"),
    ("GET", "/api/billing/invoices"),
    ("POST", "/api/billing/checkout"),
    ("POST", "/api/billing/credits"),
    ("POST", "/api/billing/portal"),
    ("POST", "/api/billing/refresh"),
    ("POST", "/api/billing/subscription"),
    ("DELETE", "/api/billing/subscription"),
    ("POST", "/api/billing/subscription/pause"),
    ("POST", "/api/billing/subscription/resume"),
]
"""Who may do these is tested in tests/control_plane/billing."""
SIGNED_IN += BILLING
PUBLIC = {"/api/auth/token", "/api/auth/login", "/api/auth/refresh", "/api/auth/logout", "/api/demo"}
PUBLIC |= {f"/api/auth/sso/{path}" for path in ("callback", "discover", "exchange", "start")}
PUBLIC |= {f"/api/auth/{path}" for path in ("forgot-password", "invitations/preview", "register", "reset-password")}
PUBLIC |= {"/api/billing/webhook"}


def test_the_table_of_roles() -> None:
    member = {Permission.ACCOUNT_MANAGE, Permission.PLANS_READ, Permission.PROFILE_READ}
    admin = {
        Permission.AUDIT_READ,
        Permission.BILLING_MANAGE,
        Permission.BILLING_READ,
        Permission.MEMBERS_MANAGE,
        Permission.SSO_MANAGE,
        Permission.USAGE_READ,
    }
    assert {role: set(permissions) for role, permissions in ROLES.items()} == {
        "viewer": member,
        "operator": member,
        "admin": member | admin,
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
    bodies = dict.fromkeys(SUPER_ADMIN_ONLY, NEW_TENANT) | CHANGES
    for (method, path), body in bodies.items():
        path = path.replace("{operation_id}", "0192f0c1-2345-7890-abcd-ef0123456789")
        answer = await control.client.request(method, path, json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
        assert "tenants:" in answer.json()["detail"]
    assert await control.sql("select tenant_id, name, state from tenants") == [("acme", "Acme", "active")]
    assert control.plane.calls == []


@pytest.mark.parametrize(("role", "status"), [(Role.VIEWER, 403), (Role.OPERATOR, 403), (Role.ADMIN, 200)])
async def test_administrators_may_see_the_audit_log(control: ControlPlane, role: Role, status: int) -> None:
    headers = await control.member(role)
    answers = [await control.client.request(*operation, headers=headers) for operation in ADMINS_TOO]
    assert [answer.status_code for answer in answers] == [status, status]


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
