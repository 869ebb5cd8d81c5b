"""The control plane, in a whole installation: every operation as nobody, as members of a tenant, and as super-admin."""

from collections.abc import Mapping
from typing import Any

import asyncpg
import pytest

from control_plane.app import OPERATIONS
from infra.local.origin import CONTROL, TENANT
from shared.web.operations import Operation
from tenant_plane.app import OPERATIONS as TENANT_OPERATIONS
from tests.support.origin import InProcess

SIGNED_IN = [operation for operation in OPERATIONS if operation.access != "public"]
ANYONE_SIGNED_IN = {"list_own_sessions", "list_plan_versions", "list_plans", "list_roles", "read_profile"}
OWN_TENANT = {"read_usage"}
"""For the admins of the tenant that the path names."""
OWN_ACCOUNT = {
    "accept_invitation",
    "begin_totp",
    "change_password",
    "confirm_totp",
    "end_own_session",
    "remove_totp",
    "replace_profile",
    "update_profile",
}
"""What they change is nobody else's; tests/control_plane/identity has them."""
OWN_PEOPLE = {
    "create_invitations",
    "get_user",
    "list_invitations",
    "list_users",
    "remove_user",
    "resend_invitation",
    "reset_totp",
    "revoke_invitation",
    "unlock_user",
    "update_user",
}
"""For admins, of their own tenant: test_people.py walks them with the ids of another."""
OWN_SSO = {
    "check_sso",
    "create_scim_token",
    "delete_scim_token",
    "delete_sso",
    "get_scim_token",
    "get_sso",
    "put_sso",
}
"""For admins, of their own tenant; tests/control_plane/sso and scim have the rest."""
OWN_BILLING = {
    "cancel_subscription",
    "change_subscription",
    "get_billing",
    "list_invoices",
    "open_billing_portal",
    "pause_subscription",
    "refresh_billing",
    "resume_subscription",
    "start_checkout",
}
"""For admins, of their own tenant; tests/control_plane/billing walks them with another's."""
ADMINS_TOO = {"export_control_audit_log", "list_control_audit_log"}
SUPER_ADMIN_ONLY = {"create_tenant", "get_tenant", "list_tenants"}
SUPER_ADMIN_ONLY |= {
    "cancel_rollout",
    "get_rollout",
    "list_cells",
    "list_orphans",
    "list_rollout_tenants",
    "list_rollouts",
    "resume_rollout",
    "start_rollout",
}
SUPER_ADMIN_ONLY |= {
    "cancel_operation",
    "delete_tenant",
    "get_operation",
    "list_operations",
    "move_tenant",
    "restore_tenant",
    "resume_tenant",
    "retry_operation",
    "suspend_tenant",
    "update_tenant",
}
SUPER_ADMIN_ONLY |= {
    "end_impersonation",
    "list_signing_keys",
    "list_tenant_impersonations",
    "rotate_signing_keys",
    "start_impersonation",
}
SUPER_ADMIN_ONLY |= {
    "create_plan",
    "end_limit",
    "export_tenant",
    "grant_limit",
    "import_tenant",
    "list_fullest_tenants",
    "list_limits",
    "preview_plan",
    "throttle_tenant",
}
SUPER_ADMIN_ONLY |= {"list_disputes"}
SUPER_ADMIN_ONLY |= {"confirm_sso_domains", "grant_credit"}
"""Each signed-in operation stands in one of the three; a new one needs a place."""
NEW = {"tenant_id": "initech", "name": "Initech", "plan": "free", "contact_email": "ops@initech.example"}
PLAN_LIMITS = {
    "users": 1,
    "api_keys": 1,
    "events_per_month": 1,
    "incidents_per_month": 1,
    "integrations": 1,
    "retention_days": 1,
}
BODIES: Mapping[str, Any] = {
    "accept_invitation": {"token": "nobody's"},
    "begin_totp": {"password": "x"},
    "change_password": {"old_password": "x", "new_password": "correct horse battery"},
    "confirm_totp": {"code": "123456"},
    "confirm_sso_domains": {"domains": []},
    "put_sso": {
        "issuer": "https://login.evil.example",
        "client_id": "x",
        "display_name": "x",
        "email_domains": ["evil.example"],
    },
    "create_invitations": {"email": "new@globex.example", "role": "viewer"},
    "remove_totp": {"password": "x", "otp": "123456"},
    "replace_profile": {"name": "Another"},
    "update_profile": {"name": "Another"},
    "update_user": {"role": "admin"},
    "rotate_signing_keys": {},
    "start_impersonation": {"reason": "because", "minutes": 5},
    "change_subscription": {"plan": "pro"},
    "grant_credit": {"amount_cents": 1, "currency": "usd", "reason": "because"},
    "open_billing_portal": {},
    "start_checkout": {"plan": "pro"},
    "create_plan": {"name": "pro", "limits": PLAN_LIMITS},
    "grant_limit": {"limit_name": "users", "value": None, "reason": "because"},
    "throttle_tenant": {"requests_per_minute": 5, "reason": "because", "ends_at": "2031-01-01T00:00:00Z"},
    "preview_plan": {},
    "start_rollout": {"version": "2.0.0"},
    "create_tenant": NEW,
    "delete_tenant": {"confirm": "globex"},
    "move_tenant": {"placement": "dedicated"},
    "restore_tenant": {},
    "resume_tenant": {},
    "suspend_tenant": {"reason": "unpaid"},
    "update_tenant": {"name": "Another name"},
}
QUERIES: Mapping[str, Any] = {
    "export_tenant": {"reason": "because"},
    "list_disputes": {"tenant_id": "globex"},
}
SOME_ID = "0192f0c1-2345-7890-abcd-ef0123456789"
PUBLIC = {"sign_in", "login", "refresh_session", "sign_out", "list_demo_accounts"}
PUBLIC |= {"discover_sso", "exchange_sso_code", "finish_sso", "start_sso"}
PUBLIC |= {"forgot_password", "get_registration", "preview_invitation", "register", "reset_password"}
PUBLIC |= {"receive_stripe_event"}
ROLES = ("viewer", "operator", "admin")
PICTURE = """
select (select md5(string_agg(t::text, '|' order by tenant_id)) from control.tenants t)
    || (select md5(string_agg(id::text || email || name || password_hash || is_super_admin, '|' order by id))
        from control.users)
    || (select md5(string_agg(user_id::text || tenant_id || role, '|' order by user_id, tenant_id))
        from control.memberships)
    || (select count(*) from plane.tenants) || (select count(*) from control.sso_connections)
    || (select count(*) from control.scim_tokens) || (select count(*) from control.billing_changes)
    || (select count(*) from control.stripe_events)
"""
ELSEWHERE = OWN_TENANT | OWN_ACCOUNT | OWN_PEOPLE | OWN_SSO | OWN_BILLING
ROLES_WITH_TOKEN = [(operation, role) for operation in SIGNED_IN for role in ROLES if operation.id not in ELSEWHERE]


def arguments(operation: Operation, path: str | None = None) -> dict[str, Any]:
    body = {"json": BODIES[operation.id]} if operation.body is not None else {}
    url = (path or operation.path).replace("{tenant_id}", "globex")
    url = url.replace("{rollout_id}", SOME_ID).replace("{operation_id}", SOME_ID)
    for parameter in ("user_id", "invitation_id", "impersonation_id", "session_id"):
        url = url.replace(f"{{{parameter}}}", SOME_ID)
    url = url.replace("{name}", "free").replace("{limit_id}", SOME_ID)
    return {"method": operation.method, "url": url, "params": QUERIES.get(operation.id), **body}


def name(value: Operation | str) -> str:
    return value if isinstance(value, str) else value.id


async def picture(origin: InProcess) -> Any:
    connection = await asyncpg.connect(origin.owner_url)
    try:
        return await connection.fetchval(PICTURE)
    finally:
        await connection.close()


def test_the_table_has_every_operation() -> None:
    listed = ANYONE_SIGNED_IN | ADMINS_TOO | SUPER_ADMIN_ONLY | ELSEWHERE
    assert {operation.id for operation in SIGNED_IN} == listed
    assert {operation.id for operation in OPERATIONS if operation.access == "public"} == PUBLIC


@pytest.mark.parametrize("operation", SIGNED_IN, ids=name)
async def test_nobody_gets_in(origin: InProcess, operation: Operation) -> None:
    before = await picture(origin)
    for token in (None, "nonsense", origin.demo.api_key("acme")):
        async with origin.client(token) as client:
            answer = await client.request(**arguments(operation))
        assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")
        assert "globex" not in answer.text
    assert await picture(origin) == before


@pytest.mark.parametrize(("operation", "role"), ROLES_WITH_TOKEN, ids=name)
async def test_members_of_a_tenant_manage_no_tenants(origin: InProcess, operation: Operation, role: str) -> None:
    refused = SUPER_ADMIN_ONLY if role == "admin" else SUPER_ADMIN_ONLY | ADMINS_TOO
    expected = 403 if operation.id in refused else 200
    before = await picture(origin)
    async with origin.client(await origin.token(origin.demo.person("acme", role))) as client:
        answers = [
            await client.request(**arguments(operation)),
            await client.request(**arguments(operation, operation.path.replace("/api/", "/api/v1/", 1))),
        ]
    assert [answer.status_code for answer in answers] == [expected, expected], answers[0].text
    assert all("globex" not in answer.text.lower() for answer in answers)
    assert await picture(origin) == before


@pytest.mark.parametrize("operation", [operation for operation in SIGNED_IN if operation.id in OWN_SSO], ids=name)
async def test_single_sign_on_is_set_up_for_ones_own_tenant(origin: InProcess, operation: Operation) -> None:
    """Another tenant, and one that never was: the same answer."""
    before = await picture(origin)
    async with origin.client(await origin.token(origin.demo.person("acme", "admin"))) as client:
        asked = arguments(operation)
        answers = [
            await client.request(**{**asked, "url": f"{asked['url']}?tenant_id={tenant_id}"})
            for tenant_id in ("globex", "neverwa")
        ]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json()["detail"].replace("globex", "neverwa") == answers[1].json()["detail"]
    async with origin.client(await origin.token(origin.demo.person("acme", "operator"))) as client:
        assert (await client.request(**arguments(operation))).status_code == 403
    assert await picture(origin) == before


async def test_a_stranger_and_nobody_look_the_same_to_members(origin: InProcess) -> None:
    """Their own tenant, another one, and one that never was: 403 for all three, so that none can be guessed."""
    async with origin.client(await origin.token(origin.demo.person("acme", "admin"))) as client:
        answers = [await client.get(f"/api/tenants/{tenant_id}") for tenant_id in ("acme", "globex", "never-was")]
    assert {answer.status_code for answer in answers} == {403}
    assert len({answer.json()["detail"] for answer in answers}) == 1


async def test_usage_is_ones_own(origin: InProcess) -> None:
    """Another tenant's answers as one that never was."""
    async with origin.client(await origin.token(origin.demo.person("acme", "admin"))) as client:
        own, other, nobody = [await client.get(f"/api/tenants/{name}/usage") for name in ("acme", "globex", "neverwa")]
    assert [answer.status_code for answer in (own, other, nobody)] == [200, 404, 404]
    assert other.json()["detail"].replace("globex", "neverwa") == nobody.json()["detail"]
    async with origin.client(await origin.token(origin.demo.person("acme", "operator"))) as client:
        assert (await client.get("/api/tenants/acme/usage")).status_code == 403


async def test_a_profile_is_ones_own(origin: InProcess) -> None:
    person = origin.demo.person("acme", "viewer")
    async with origin.client(await origin.token(person)) as client:
        profile = (await client.get("/api/auth/me")).json()["data"]
    assert (profile["email"], profile["tenant_id"], profile["role"]) == (person["email"], "acme", "viewer")
    assert [seat["tenant_id"] for seat in profile["tenants"]] == ["acme"]


async def test_signing_in_to_another_tenant_is_refused(origin: InProcess) -> None:
    """Knowing its name is not enough, and it looks like one that does not exist."""
    person = origin.demo.person("acme", "admin")
    async with origin.client() as client:
        answers = [
            await client.post("/api/auth/token", json={**person, "tenant_id": tenant_id})
            for tenant_id in ("globex", "neverwa")
        ]
    assert [answer.status_code for answer in answers] == [403, 403]
    bodies = [a.text.replace(a.headers["x-trace-id"], "") for a in answers]
    assert bodies[0].replace("globex", "neverwa") == bodies[1]


async def test_a_session_can_not_move_to_another_tenant(origin: InProcess) -> None:
    async with origin.client() as client:
        signed_in = (await client.post("/api/auth/token", json=origin.demo.person("acme", "admin"))).json()["data"]
        moved = await client.post(
            "/api/auth/refresh", json={"refresh_token": signed_in["refresh_token"], "tenant_id": "globex"}
        )
    assert moved.status_code == 403


async def test_the_asserted_tenant_counts_here_too(origin: InProcess) -> None:
    token = await origin.token(origin.demo.person("acme", "admin"))
    for asserted, status in (("acme", 200), ("globex", 403), ("", 403)):
        async with origin.client(token, **{"x-tenant-id": asserted}) as client:
            assert (await client.get("/api/plans")).status_code == status


@pytest.mark.parametrize("operation", TENANT_OPERATIONS, ids=name)
async def test_a_super_admins_token_opens_nothing_in_the_tenant_plane(origin: InProcess, operation: Operation) -> None:
    token = await origin.root_token()
    path = operation.path.replace("{", "").replace("}", "")
    for headers in ({}, {"x-tenant-id": "acme"}):
        async with origin.client(token, **headers) as client:
            answer = await client.request(operation.method, path, json={})
        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")


async def test_tokens_of_a_tenant_open_that_tenant(origin: InProcess) -> None:
    seen = {}
    for tenant_id in ("acme", "globex"):
        async with origin.client(await origin.token(origin.demo.person(tenant_id, "admin"))) as client:
            seen[tenant_id] = (await client.get("/api/rbac/permissions")).json()["data"]["tenant_id"]
    assert seen == {"acme": "acme", "globex": "globex"}


async def test_what_the_planes_say_to_each_other_is_not_routed(origin: InProcess) -> None:
    before = await picture(origin)
    wanted = {"name": "Acme", "plan": "pro", "state": "suspended"}
    for token in (await origin.root_token(), await origin.token(origin.demo.person("acme", "admin"))):
        async with origin.client(token) as client:
            outside = await client.put("/internal/tenants/acme", json=wanted)
        assert outside.status_code in (404, 405)
    assert await picture(origin) == before


async def test_what_the_planes_say_to_each_other_needs_their_token(origin: InProcess) -> None:
    """Guarded all the same, should a gateway ever route it."""
    before = await picture(origin)
    inside = InProcess(origin.installation, origin.installation.tenant, origin.demo, origin.owner_url)
    for token in (
        None,
        origin.demo.api_key("acme"),
        await origin.root_token(),
        await origin.token(origin.demo.person("acme", "admin")),
    ):
        async with inside.client(token) as client:
            answer = await client.put(
                "/internal/tenants/acme", json={"name": "Acme", "plan": "pro", "state": "suspended"}
            )
        assert answer.status_code == 401
    assert await picture(origin) == before


@pytest.mark.parametrize("operation", [*OPERATIONS, *TENANT_OPERATIONS], ids=name)
def test_every_operation_has_one_plane(operation: Operation) -> None:
    """The two services never overlap in paths; the longer prefix is the control plane's."""
    below_control = any(operation.path == p or operation.path.startswith(f"{p}/") for p in CONTROL)
    assert below_control is (operation in OPERATIONS)
    assert any(operation.path == p or operation.path.startswith(f"{p}/") for p in (*CONTROL, *TENANT))


async def test_metrics_of_the_origin_name_nobody(origin: InProcess) -> None:
    await origin.token(origin.demo.person("acme", "admin"))
    async with origin.client() as client:
        metrics = (await client.get("/metrics")).text
    assert "sign_in" in metrics
    assert [word for word in ("acme", "globex", "@", "opk_", "opr_") if word in metrics] == []
