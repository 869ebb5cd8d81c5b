"""What keeps tenants apart: a provider that a tenant chose speaks for this tenant only, whatever it claims.

The attacker here is the admin of ``evil``, whose provider signs whatever they like.
"""

from typing import Any

import pytest

from control_plane.identity.rules import Role
from tests.control_plane.sso.support import Browser, SsoPlane, error_of
from tests.control_plane.support import PASSWORD, ROOT_EMAIL, bearer, claims_of
from tests.fakes.oidc import FakeProvider

VICTIM = "ana@acme.example"


async def evil(plane: SsoPlane, provider: FakeProvider, **changes: Any) -> dict[str, str]:
    """The tenant ``evil``, connected to a provider that vouches for the victim; its admin's headers."""
    provider.claims = {"sub": "any", "email": VICTIM, "email_verified": True, "name": "Not Ana"}
    domains = ["acme.example", "opsplane.example", "gmail.example"]
    return await plane.connect(provider.issuer, "evil", email_domains=domains, default_role="admin", **changes)


async def accounts(plane: SsoPlane) -> Any:
    return await plane.control.sql(
        "select u.id, u.email, u.name, u.password_hash, m.tenant_id, m.role, m.last_used_at from users u"
        " left join memberships m on m.user_id = u.id order by u.email, m.tenant_id"
    )


async def test_an_account_of_another_tenant_is_not_taken_in(
    plane: SsoPlane, browser: Browser, provider: FakeProvider
) -> None:
    await plane.control.add_tenant("acme")
    await plane.control.add_user(VICTIM, {"acme": Role.ADMIN})
    await evil(plane, provider)
    before = await accounts(plane)
    assert error_of(await browser.walk(tenant_id="evil")) == "sso_no_access"
    assert await accounts(plane) == before
    assert await plane.control.sql("select 1 from sso_identities") == []


async def test_a_super_admin_is_not_taken_in(plane: SsoPlane, browser: Browser, provider: FakeProvider) -> None:
    await plane.control.super_admin()
    await evil(plane, provider)
    provider.claims["email"] = ROOT_EMAIL
    before = await accounts(plane)
    assert error_of(await browser.walk(tenant_id="evil")) == "sso_no_access"
    assert await accounts(plane) == before


async def test_a_super_admin_who_is_a_member_is_not_taken_in_either(
    plane: SsoPlane, browser: Browser, provider: FakeProvider
) -> None:
    await evil(plane, provider)
    await plane.control.add_user(ROOT_EMAIL, {"evil": Role.VIEWER}, is_super_admin=True)
    provider.claims["email"] = ROOT_EMAIL
    assert error_of(await browser.walk(tenant_id="evil")) == "sso_no_access"
    assert await plane.control.sql("select 1 from sso_identities") == []


async def test_a_member_of_both_gets_a_session_for_the_one_only(
    plane: SsoPlane, browser: Browser, provider: FakeProvider
) -> None:
    """The worst that a provider can do: be somebody who is a member of its own tenant, in its own tenant."""
    await plane.control.add_tenant("acme")
    await evil(plane, provider)
    await plane.control.add_user(VICTIM, {"acme": Role.ADMIN, "evil": Role.VIEWER})
    signed_in = await browser.sign_in(tenant_id="evil")
    assert signed_in["user"]["tenant_id"] == "evil"
    assert [seat["tenant_id"] for seat in signed_in["user"]["tenants"]] == ["evil"]
    assert "acme" not in str(signed_in["user"]["tenants"])
    before = await plane.control.sql("select id, tenant_id from sessions where method = 'sso'")
    moved = await plane.control.refresh(signed_in["refresh_token"], tenant_id="acme")
    assert (moved.status_code, moved.json()["code"]) == (403, "FORBIDDEN")
    assert await plane.control.sql("select id, tenant_id from sessions where method = 'sso'") == before
    unknown = await plane.control.refresh(signed_in["refresh_token"], tenant_id="neverwas")
    assert unknown.json()["detail"].replace("neverwas", "acme") == moved.json()["detail"]
    stayed = (await plane.control.refresh(signed_in["refresh_token"], tenant_id="evil")).json()["data"]
    assert claims_of(stayed["token"])["tenant_id"] == "evil"


async def test_its_token_opens_nothing_of_the_other_tenant(
    plane: SsoPlane, browser: Browser, provider: FakeProvider
) -> None:
    await plane.control.add_tenant("acme")
    await evil(plane, provider)
    await plane.control.add_user(VICTIM, {"acme": Role.ADMIN, "evil": Role.ADMIN})
    headers = bearer((await browser.sign_in(tenant_id="evil"))["token"])
    client = plane.control.client
    assert (await client.get("/api/auth/me", headers={**headers, "x-tenant-id": "acme"})).status_code == 403
    for path in ("/api/auth/sso", "/api/auth/sso/scim-token"):
        answers = [
            await client.get(f"{path}?tenant_id={tenant_id}", headers=headers) for tenant_id in ("acme", "neverwa")
        ]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].json()["detail"].replace("acme", "neverwa") == answers[1].json()["detail"]
    me = (await client.get("/api/auth/me", headers=headers)).json()["data"]
    assert [seat["tenant_id"] for seat in me["tenants"]] == ["evil"]


async def test_the_session_ends_with_the_membership_and_goes_nowhere_else(
    plane: SsoPlane, browser: Browser, provider: FakeProvider
) -> None:
    await plane.control.add_tenant("acme")
    await evil(plane, provider)
    user_id = await plane.control.add_user(VICTIM, {"acme": Role.ADMIN, "evil": Role.VIEWER})
    signed_in = await browser.sign_in(tenant_id="evil")
    await plane.control.execute(f"delete from memberships where tenant_id = 'evil' and user_id = '{user_id}'")
    assert (await plane.control.refresh(signed_in["refresh_token"])).status_code == 401
    assert (await plane.control.me(signed_in["token"])).status_code == 401


async def test_an_account_that_it_made_has_no_password_and_no_other_tenant(
    plane: SsoPlane, browser: Browser, provider: FakeProvider
) -> None:
    """Taking an address before its owner comes gains nothing but a member of one's own tenant."""
    await evil(plane, provider)
    provider.claims["email"] = "future@gmail.example"
    signed_in = await browser.sign_in(tenant_id="evil")
    for password in ("", PASSWORD, "x"):
        answer = await plane.control.client.post(
            "/api/auth/token", json={"email": "future@gmail.example", "password": password or " "}
        )
        assert answer.status_code == 401
    await plane.control.add_tenant("acme")
    await plane.control.execute(
        "insert into memberships (user_id, tenant_id, role, created_at)"
        f" values ('{signed_in['user']['id']}', 'acme', 'admin', now())"
    )
    refreshed = (await plane.control.refresh(signed_in["refresh_token"])).json()["data"]
    assert [seat["tenant_id"] for seat in refreshed["user"]["tenants"]] == ["evil"]
    assert (await plane.control.refresh(refreshed["refresh_token"], tenant_id="acme")).status_code == 403


async def test_its_policy_closes_only_its_own_tenant(plane: SsoPlane, provider: FakeProvider) -> None:
    """Refusing passwords for all addresses of the world locks nobody out anywhere else."""
    await plane.control.add_tenant("acme")
    headers = await evil(plane, provider)
    ((boss,),) = await plane.control.sql("select id from users where email = 'boss@evil.example'")
    await plane.control.add_user(VICTIM, {"acme": Role.ADMIN, "evil": Role.VIEWER})
    answer = await plane.put(
        headers, provider.issuer, email_domains=["acme.example"], is_enforced=True, break_glass_user_ids=[str(boss)]
    )
    assert answer.status_code == 200
    assert (await plane.control.sign_in(VICTIM))["user"]["tenant_id"] == "acme"
    refused = await plane.control.client.post(
        "/api/auth/token", json={"email": VICTIM, "password": PASSWORD, "tenant_id": "evil"}
    )
    assert (refused.status_code, refused.json()["code"]) == (403, "SSO_REQUIRED")


async def test_its_sign_ins_do_not_change_where_the_owner_lands(
    plane: SsoPlane, browser: Browser, provider: FakeProvider
) -> None:
    """Else the owner's next sign-in with a password would begin in the attacker's tenant."""
    await plane.control.add_tenant("acme")
    await evil(plane, provider)
    await plane.control.add_user(VICTIM, {"acme": Role.ADMIN, "evil": Role.VIEWER})
    await plane.control.sign_in(VICTIM, tenant_id="acme")
    await browser.sign_in(tenant_id="evil")
    assert (await plane.control.sign_in(VICTIM))["user"]["tenant_id"] == "acme"


async def test_two_tenants_at_one_provider_are_two(plane: SsoPlane, browser: Browser, provider: FakeProvider) -> None:
    """The same subject of the same issuer: each tenant links it for itself."""
    await plane.connect(provider.issuer, "acme")
    await evil(plane, provider)
    provider.claims |= {"sub": "ana-1"}
    assert (await browser.sign_in(tenant_id="acme"))["user"]["tenant_id"] == "acme"
    assert error_of(await browser.walk(tenant_id="evil")) == "sso_no_access"


@pytest.mark.parametrize("domain", ["acme.example"])
async def test_a_claimed_domain_is_not_found_by_strangers(plane: SsoPlane, provider: FakeProvider, domain: str) -> None:
    headers = await evil(plane, provider)
    found = await plane.control.client.get("/api/auth/sso/discover", params={"email": f"ana@{domain}"})
    assert found.json()["data"]["connections"] == []
    path = "/api/tenants/evil/sso-domains"
    assert (await plane.control.client.put(path, json={"domains": [domain]}, headers=headers)).status_code == 403
    assert await plane.control.sql("select confirmed_domains from sso_connections") == [([],)]
