"""A tenant that is suspended, or to be deleted, in the control plane: its people read everything and change nothing."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from control_plane.app import OPERATIONS
from control_plane.identity.rules import Role
from tenant_plane.core.tenancy import TenantSuspended
from tests.control_plane.support import PASSWORD, ControlPlane, bearer

GOES_AT = datetime(2031, 5, 4, 3, tzinfo=UTC)
STATES = [("suspended", "null", None), ("deleting", "'2031-05-04T03:00:00Z'", GOES_AT)]
PROVIDER = {
    "issuer": "https://login.acme.example",
    "client_id": "opsplane",
    "client_secret": "s3cret",
    "display_name": "Acme login",
    "email_domains": ["acme.example"],
    "default_role": "viewer",
    "create_users": True,
}
WRITES: list[tuple[str, str, str, Any]] = [
    ("update_user", "PATCH", "/api/users/{bo}", {"role": "admin"}),
    ("update_user", "PATCH", "/api/users/{bo}", {"is_active": False}),
    ("remove_user", "DELETE", "/api/users/{bo}", None),
    ("unlock_user", "POST", "/api/users/{bo}/unlock", None),
    ("reset_totp", "POST", "/api/users/{bo}/reset-totp", None),
    ("create_invitations", "POST", "/api/users/invitations", {"email": "new@acme.example", "role": "viewer"}),
    ("resend_invitation", "POST", "/api/users/invitations/{invitation}/resend", None),
    ("revoke_invitation", "DELETE", "/api/users/invitations/{invitation}", None),
    ("put_sso", "PUT", "/api/auth/sso", {**PROVIDER, "display_name": "Another"}),
    ("delete_sso", "DELETE", "/api/auth/sso", None),
    ("create_scim_token", "POST", "/api/auth/sso/scim-token", None),
    ("delete_scim_token", "DELETE", "/api/auth/sso/scim-token", None),
]
READS = ["/api/users", "/api/users/{bo}", "/api/users/invitations", "/api/auth/sso", "/api/auth/sso/scim-token"]
OPEN = {
    "accept_invitation": "by whoever was invited; in a test of its own",
    "check_sso": "asks the provider and writes nothing",
    "confirm_sso_domains": "a super-admin's",
    "exchange_sso_code": "signing in",
    "preview_invitation": "a read",
}
WRITTEN = (
    "memberships",
    "invitations",
    "users",
    "second_factors",
    "sso_connections",
    "sign_in_policies",
    "scim_tokens",
)


@dataclass(frozen=True)
class Acme:
    """A tenant with something to change; ``invited`` holds the link of the guest, who is a member of globex."""

    control: ControlPlane
    admin: dict[str, str]
    guest: dict[str, str]
    ids: dict[str, str]
    invited: str

    async def send(self, method: str, path: str, body: Any, headers: dict[str, str]) -> httpx.Response:
        return await self.control.client.request(method, path.format(**self.ids), json=body, headers=headers)

    async def picture(self) -> list[Any]:
        return [await self.control.sql(f"select t::text from {name} t order by 1") for name in WRITTEN]

    async def stands(self, state: str, delete_after: str) -> None:
        await self.control.execute(
            f"update tenants set state = '{state}', delete_after = {delete_after} where tenant_id = 'acme'"
        )


@pytest.fixture
async def acme(control: ControlPlane) -> Acme:
    admin = await control.member(Role.ADMIN)
    bo = await control.add_user("bo@acme.example", {"acme": Role.OPERATOR})
    await control.add_tenant("globex")
    await control.add_user("gus@globex.example", {"globex": Role.ADMIN})
    guest = bearer((await control.sign_in("gus@globex.example"))["token"])
    invited = await control.client.post(
        "/api/users/invitations", json={"email": "gus@globex.example", "role": "admin"}, headers=admin
    )
    item = invited.json()["data"]["items"][0]
    for method, path, body in (("PUT", "/api/auth/sso", PROVIDER), ("POST", "/api/auth/sso/scim-token", None)):
        answer = await control.client.request(method, path, json=body, headers=admin)
        assert answer.is_success, answer.text
    ids = {"bo": str(bo), "invitation": item["invitation"]["id"]}
    return Acme(control, admin, guest, ids, item["link"].rpartition("#")[2])


def test_the_walk_knows_every_write() -> None:
    writes = {one.id for one in OPERATIONS if one.tag in ("people", "single sign-on") and one.method != "GET"}
    assert writes == {name for name, *_ in WRITES} | set(OPEN)


@pytest.mark.parametrize(("state", "delete_after", "goes_at"), STATES)
async def test_nothing_can_be_changed(acme: Acme, state: str, delete_after: str, goes_at: datetime | None) -> None:
    await acme.stands(state, delete_after)
    before = await acme.picture()
    for name, method, path, body in WRITES:
        stranger = await acme.send(method, path, body, {})
        assert (stranger.status_code, stranger.json()["code"]) == (401, "UNAUTHORIZED"), name
        refused = await acme.send(method, path, body, acme.admin)
        assert (refused.status_code, refused.json()["code"]) == (403, "TENANT_SUSPENDED"), name
        assert refused.json()["error"] == TenantSuspended(goes_at).detail, "the same words as in the tenant's plane"
    assert await acme.picture() == before


@pytest.mark.parametrize(("state", "delete_after", "goes_at"), STATES)
async def test_nobody_joins(acme: Acme, state: str, delete_after: str, goes_at: datetime | None) -> None:
    newcomer = await acme.send(
        "POST", "/api/users/invitations", {"email": "new@acme.example", "role": "admin"}, acme.admin
    )
    link = newcomer.json()["data"]["items"][0]["link"].rpartition("#")[2]
    await acme.stands(state, delete_after)
    before = await acme.picture()
    known = await acme.send("POST", "/api/auth/invitations/accept", {"token": acme.invited}, acme.guest)
    new = await acme.send("POST", "/api/auth/register", {"token": link, "name": "Nia", "password": PASSWORD}, {})
    assert [(one.status_code, one.json()["code"]) for one in (known, new)] == [(403, "TENANT_SUSPENDED")] * 2
    assert known.json()["error"] == new.json()["error"] == TenantSuspended(goes_at).detail
    assert await acme.picture() == before
    await acme.stands("active", "null")
    again = await acme.send("POST", "/api/auth/invitations/accept", {"token": acme.invited}, acme.guest)
    assert again.status_code == 200, "the invitation is good again"


@pytest.mark.parametrize(("state", "delete_after"), [one[:2] for one in STATES])
async def test_everything_can_be_read(acme: Acme, state: str, delete_after: str) -> None:
    before = [(await acme.send("GET", path, None, acme.admin)).json()["data"] for path in READS]
    await acme.stands(state, delete_after)
    answers = [await acme.send("GET", path, None, acme.admin) for path in READS]
    assert [answer.status_code for answer in answers] == [200] * len(READS)
    assert [answer.json()["data"] for answer in answers] == before
    preview = await acme.send("POST", "/api/auth/invitations/preview", {"token": acme.invited}, {})
    assert (preview.status_code, preview.json()["data"]["tenant_name"]) == (200, "Acme")


async def test_ones_own_account_stays_ones_own(acme: Acme) -> None:
    await acme.stands("suspended", "null")
    session = await acme.control.sign_in("ana@acme.example")
    new_password = {"old_password": PASSWORD, "new_password": "another horse battery"}
    for method, path, body in (
        ("PATCH", "/api/auth/me", {"name": "Ana R."}),
        ("POST", "/api/auth/totp", {"password": PASSWORD}),
        ("POST", "/api/auth/change-password", new_password),
        ("POST", "/api/auth/logout", {"refresh_token": session["refresh_token"]}),
    ):
        answer = await acme.send(method, path, body, bearer(session["token"]))
        assert answer.is_success, (path, answer.text)


@pytest.mark.parametrize(("state", "delete_after"), [one[:2] for one in STATES])
async def test_a_super_admin_goes_on(acme: Acme, state: str, delete_after: str) -> None:
    root = await acme.control.super_admin()
    await acme.stands(state, delete_after)
    for _, method, path, body in WRITES[:2]:
        answer = await acme.send(method, f"{path}?tenant_id=acme", body, root)
        assert answer.status_code == 200, answer.text
    roles = await acme.control.sql(
        "select role, deactivated_at is null from memberships m join users u on u.id = m.user_id"
        " where u.email = 'bo@acme.example'"
    )
    assert roles == [("admin", False)]
