"""A row in every table that an archive compares, made by the product's own verbs where a door leads to them."""

from dataclasses import dataclass
from typing import Any

import httpx

from control_plane.core.system import SYSTEM
from control_plane.identity.rules import Role
from control_plane.quotas import service as quotas
from control_plane.quotas.rules import LimitName
from control_plane.quotas.schemas import LimitGrant
from control_plane.tenants.schemas import TenantPatch
from infra.local.accounts import create_user
from tests.control_plane.archive.support import sql
from tests.support.codes import unused_code
from tests.support.origin import InProcess

FAY = "fay@acme.example"
CLIENT_SECRET = "what only the provider knows"
DOMAIN = "sso.acme.example"
HELD = """
insert into t_acme.held_payloads (id, source, sender, payload, reason, received_at, processed_at)
values (gen_random_uuid(), 'grafana', 'demo senders', '{}', 'suspended', now(), now())
"""
"""Processed already: one that waits would hold back whatever the tests send."""
LINKED = """
insert into sso_identities (connection_id, subject, user_id, tenant_id, created_at, last_used_at)
select c.id, 'oscar-at-the-provider', m.user_id, m.tenant_id, now(), now()
from sso_connections c join memberships m using (tenant_id) where m.role = 'operator'
"""
"""What a sign-in at a provider leaves behind."""


@dataclass(frozen=True)
class Fay:
    """Somebody with an authenticator app."""

    password: str
    totp_secret: str
    recovery_codes: list[str]

    def with_code(self) -> dict[str, str]:
        return {"email": FAY, "password": self.password, "otp": unused_code(self.totp_secret)}

    def with_recovery_code(self) -> dict[str, str]:
        return {"email": FAY, "password": self.password, "otp": self.recovery_codes.pop()}


async def fill(origin: InProcess) -> Fay:
    state = origin.installation.control.state
    await state.tenants.update_tenant(SYSTEM, "acme", TenantPatch(plan="pro", reason="as agreed"), None)
    async with state.database.write(SYSTEM) as tx:
        await quotas.grant_limit(tx, "acme", LimitGrant(limit_name=LimitName.USERS, value=77, reason="Friends"))
    fay = await _fay(origin)
    async with origin.client(await origin.root_token()) as root:
        async with origin.client(await origin.token(origin.demo.person("acme", "admin"))) as admin:
            await _people(admin, root)
            _ok(await admin.post("/api/apikeys", json={"name": "spare", "scope": "viewer"}, headers=ONCE))
        _ok(await root.post("/api/tenants/acme/impersonations", json={"reason": "Ticket 4711", "minutes": 5}))
    async with origin.client(origin.demo.api_key("acme")) as sender:
        _ok(await sender.post("/api/webhook", content=b"not json"))
    await sql(origin, LINKED)
    await sql(origin, HELD)
    await state.tenants.reconcile_tenants()
    await state.usage.fetch_usage()
    return fay


ONCE = {"idempotency-key": "a-key-that-is-shown-once"}


async def _fay(origin: InProcess) -> Fay:
    made = await create_user(origin.installation, FAY, "Fay Falk", memberships={"acme": Role.VIEWER})
    async with origin.client(await origin.token(made)) as client:
        begun = _ok(await client.post("/api/auth/totp", json={"password": made["password"]}))
        code = {"code": unused_code(begun["secret"])}
        confirmed = _ok(await client.post("/api/auth/totp/confirm", json=code))
    return Fay(made["password"], begun["secret"], confirmed["recovery_codes"])


async def _people(admin: httpx.AsyncClient, root: httpx.AsyncClient) -> None:
    _ok(await admin.post("/api/users/invitations", json={"email": "ida@acme.example", "role": "viewer"}))
    me = _ok(await admin.get("/api/auth/me"))
    connection = {
        "issuer": "https://login.acme.example",
        "client_id": "opsplane",
        "client_secret": CLIENT_SECRET,
        "display_name": "Acme login",
        "email_domains": [DOMAIN],
        "is_enforced": True,
        "break_glass_user_ids": [me["id"]],
    }
    _ok(await admin.put("/api/auth/sso", json=connection))
    _ok(await root.put("/api/tenants/acme/sso-domains", json={"domains": [DOMAIN]}))
    token = _ok(await admin.post("/api/auth/sso/scim-token"))["token"]
    schemas = ["urn:ietf:params:scim:schemas:core:2.0:User"]
    directory = {"authorization": f"Bearer {token}"}
    user = {"schemas": schemas, "userName": "sam@acme.example", "active": True, "externalId": "4711"}
    made = await admin.post("/scim/v2/Users", json=user, headers=directory)
    assert made.status_code == 201, made.text


def _ok(answer: httpx.Response) -> dict[str, Any]:
    assert answer.is_success, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data
