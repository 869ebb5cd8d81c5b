"""The way through a provider: out with a state, back with a code, and only in the browser that went."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from control_plane.identity.rules import Role
from tests.control_plane.sso.support import ORIGIN, Browser, SsoPlane, error_of, fragment
from tests.control_plane.support import bearer, claims_of
from tests.fakes.oidc import FakeProvider


async def test_the_whole_way_through_a_real_provider(plane: SsoPlane, browser: Browser, real_provider: str) -> None:
    """oidc-provider-mock shows a form, checks the nonce, signs with RS256, and knows nothing of us."""
    await plane.connect(real_provider, role_mapping={"ops": "operator"}, default_role=None)
    form = await browser.leave(tenant_id="acme", next="/incidents/INC-1?tab=log")
    assert "Authorize Client" in (await browser.outside.get(form)).text
    submitted = await browser.outside.post(form, data={"sub": "bob-1"})
    arrived = await browser.come_back(submitted.headers["location"])
    assert arrived.startswith("/login/sso#code=")
    assert fragment(arrived)["next"] == "/incidents/INC-1?tab=log"
    answer = await browser.exchange(arrived)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    signed_in = answer.json()["data"]
    me = (await plane.control.me(signed_in["token"])).json()["data"]
    assert (me["email"], me["name"], me["tenant_id"], me["role"]) == ("bob@acme.example", "Bob Ray", "acme", "operator")
    assert me["tenants"] == [{"tenant_id": "acme", "name": "Acme", "role": "operator"}]
    assert claims_of(signed_in["token"])["method"] == "sso"


async def test_a_person_who_says_no_at_the_provider(plane: SsoPlane, browser: Browser, real_provider: str) -> None:
    await plane.connect(real_provider)
    form = await browser.leave(tenant_id="acme")
    denied = await browser.outside.post(form, data={"action": "deny"})
    location = denied.headers["location"]
    # Its refusal carries no state, as the standard wants one to; a browser with the state would say "denied".
    state = parse_qs(urlsplit(form).query)["state"][0]
    assert error_of(await browser.come_back(f"{location}&state={state}")) == "sso_denied"
    assert await plane.control.sql("select 1 from sso_exchanges") == []


async def test_the_request_to_the_provider(plane: SsoPlane, browser: Browser, provider: FakeProvider) -> None:
    await plane.connect(provider.issuer)
    query = parse_qs(urlsplit(await browser.leave(tenant_id="acme")).query)
    assert query["response_type"] == ["code"] and query["scope"] == ["openid email profile"]
    assert query["redirect_uri"] == [f"{ORIGIN}/api/auth/sso/callback"]
    assert query["code_challenge_method"] == ["S256"]
    assert all(len(query[name][0]) >= 43 for name in ("state", "nonce", "code_challenge"))
    ((stored,),) = await plane.control.sql("select row_to_json(a)::text from sso_attempts a")
    assert query["state"][0] not in stored


async def test_the_code_is_redeemed_with_verifier_and_secret(
    plane: SsoPlane, browser: Browser, provider: FakeProvider
) -> None:
    await plane.connect(provider.issuer)
    await browser.sign_in(tenant_id="acme")
    path, form = provider.seen[-1]
    assert path == "/token" and form["grant_type"] == "authorization_code"
    assert len(form["code_verifier"]) == 64 and "client_secret" not in form
    # RFC 6749, 2.3.1: form-encoded inside Basic.
    assert httpx.BasicAuth("opsplane", "s3cret+%26+more")._auth_header == provider.authorizations[-1]


async def test_a_public_client_has_no_secret(plane: SsoPlane, browser: Browser, provider: FakeProvider) -> None:
    await plane.connect(provider.issuer, client_secret=None)
    await browser.sign_in(tenant_id="acme")
    assert provider.authorizations[-1] == ""
    assert provider.seen[-1][1]["client_id"] == "opsplane"


async def test_a_provider_that_wants_the_secret_in_the_form(
    plane: SsoPlane, browser: Browser, provider: FakeProvider
) -> None:
    provider.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    await plane.connect(provider.issuer)
    await browser.sign_in(tenant_id="acme")
    assert (provider.authorizations[-1], provider.seen[-1][1]["client_secret"]) == ("", "s3cret & more")


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("/incidents", "/incidents"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\r\nb", "/"),
        ("/" + "x" * 600, "/"),
        ("", "/"),
    ],
)
async def test_next_is_a_path_of_our_own(
    plane: SsoPlane, browser: Browser, provider: FakeProvider, asked: str, given: str
) -> None:
    await plane.connect(provider.issuer)
    assert fragment(await browser.walk(tenant_id="acme", next=asked))["next"] == given


async def test_the_cookie_is_for_the_browser_alone(plane: SsoPlane, browser: Browser, provider: FakeProvider) -> None:
    await plane.connect(provider.issuer)
    answer = await browser.client.get("/api/auth/sso/start", params={"tenant_id": "acme"})
    cookie = answer.headers["set-cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=lax", "Path=/api/auth/sso", "Max-Age=660"))
    ((stored,),) = await plane.control.sql("select row_to_json(a)::text from sso_attempts a")
    assert answer.cookies["opsplane_sso"] not in stored


async def test_behind_https_the_cookie_is_secure(plane: SsoPlane, provider: FakeProvider) -> None:
    await plane.connect(provider.issuer)
    plane.control.app.state.public_url = "https://ops.example"
    answer = await plane.control.client.get("/api/auth/sso/start", params={"tenant_id": "acme"})
    assert "Secure" in answer.headers["set-cookie"]
    assert "redirect_uri=https%3A%2F%2Fops.example%2Fapi%2Fauth%2Fsso%2Fcallback" in answer.headers["location"]


async def test_a_state_is_good_once(plane: SsoPlane, browser: Browser, provider: FakeProvider) -> None:
    await plane.connect(provider.issuer)
    back = await browser.visit(await browser.leave(tenant_id="acme"))
    assert "code=" in await browser.come_back(back)
    assert error_of(await browser.come_back(back)) == "sso_expired"


async def test_a_state_is_good_in_its_own_browser_alone(
    plane: SsoPlane, browser: Browser, provider: FakeProvider
) -> None:
    """Else a stranger could finish their own sign-in in somebody else's browser."""
    await plane.connect(provider.issuer)
    back = await browser.visit(await browser.leave(tenant_id="acme"))
    async with plane.browser() as other:
        assert error_of(await other.come_back(back)) == "sso_expired"
        await other.leave(tenant_id="acme")
        assert error_of(await other.come_back(back)) == "sso_expired"
    assert await plane.control.sql("select 1 from sso_exchanges") == []
    assert [path for path, _ in provider.seen if path == "/token"] == []


async def test_a_state_ends_after_ten_minutes(plane: SsoPlane, browser: Browser, provider: FakeProvider) -> None:
    await plane.connect(provider.issuer)
    back = await browser.visit(await browser.leave(tenant_id="acme"))
    plane.control.clock.offset = timedelta(minutes=10, seconds=1)
    assert error_of(await browser.come_back(back)) == "sso_expired"


async def test_the_exchange_code_is_good_once(plane: SsoPlane, browser: Browser, provider: FakeProvider) -> None:
    await plane.connect(provider.issuer)
    arrived = await browser.walk(tenant_id="acme")
    answers = [await browser.exchange(arrived), await browser.exchange(arrived)]
    assert [answer.status_code for answer in answers] == [200, 401]
    assert len(await plane.control.sql("select 1 from sessions where method = 'sso'")) == 1


async def test_the_exchange_code_in_another_browser_is_lost(
    plane: SsoPlane, browser: Browser, provider: FakeProvider
) -> None:
    await plane.connect(provider.issuer)
    arrived = await browser.walk(tenant_id="acme")
    async with plane.browser() as other:
        assert (await other.exchange(arrived)).status_code == 401
    assert (await browser.exchange(arrived)).status_code == 401
    assert await plane.control.sql("select 1 from sessions where method = 'sso'") == []


async def test_the_exchange_code_ends_after_a_minute(plane: SsoPlane, browser: Browser, provider: FakeProvider) -> None:
    await plane.connect(provider.issuer)
    arrived = await browser.walk(tenant_id="acme")
    plane.control.clock.offset = timedelta(seconds=61)
    assert (await browser.exchange(arrived)).status_code == 401


@pytest.mark.parametrize("query", [{}, {"tenant_id": "globex"}, {"connection": "01890000-0000-7000-8000-000000000000"}])
async def test_there_is_no_such_connection(plane: SsoPlane, browser: Browser, query: dict[str, str]) -> None:
    assert error_of(await browser.leave(**query)) == "sso_unknown"


@pytest.mark.parametrize("query", ["", "?code=x", "?state=x&code=x", "?error=access_denied&state=x"])
async def test_a_callback_out_of_nowhere(plane: SsoPlane, browser: Browser, query: str) -> None:
    assert error_of(await browser.come_back(f"/api/auth/sso/callback{query}")) == "sso_expired"


async def test_an_answer_that_names_another_issuer(plane: SsoPlane, browser: Browser, provider: FakeProvider) -> None:
    """RFC 9207: what one provider began, another can't finish."""
    await plane.connect(provider.issuer)
    back = await browser.visit(await browser.leave(tenant_id="acme"))
    assert error_of(await browser.come_back(f"{back}&iss=https%3A%2F%2Fevil.example")) == "sso_provider"
    assert [path for path, _ in provider.seen if path == "/token"] == []


async def test_a_refreshed_session_stays_what_it_is(plane: SsoPlane, browser: Browser, provider: FakeProvider) -> None:
    await plane.connect(provider.issuer)
    signed_in = await browser.sign_in(tenant_id="acme")
    refreshed = (await plane.control.refresh(signed_in["refresh_token"])).json()["data"]
    assert claims_of(refreshed["token"])["method"] == "sso"
    assert refreshed["user"] == signed_in["user"]
    assert refreshed["user"]["method"] == "sso"


async def test_who_comes_again_is_the_same_and_stays_so_with_another_address(
    plane: SsoPlane, browser: Browser, provider: FakeProvider
) -> None:
    await plane.connect(provider.issuer)
    first = await browser.sign_in(tenant_id="acme")
    provider.claims |= {"email": "ana.ruiz@acme.example", "name": "Ana R."}
    second = await browser.sign_in(tenant_id="acme")
    assert second["user"] == first["user"]
    assert len(await plane.control.sql("select 1 from sso_identities")) == 1


async def test_what_happened_is_in_the_audit_log(plane: SsoPlane, browser: Browser, provider: FakeProvider) -> None:
    await plane.connect(provider.issuer)
    await browser.sign_in(tenant_id="acme")
    rows = await plane.control.sql("select kind, actor from events where kind like 'sso.%' order by id")
    ((connection_id,),) = await plane.control.sql("select id from sso_connections")
    assert [row.kind for row in rows] == ["sso.connected", "sso.linked", "sso.admitted"]
    assert {row.actor for row in rows[1:]} == {f"sso_connection:{connection_id}"}


async def test_discovery_tells_of_confirmed_domains_and_nothing_of_people(
    plane: SsoPlane, provider: FakeProvider
) -> None:
    await plane.connect(provider.issuer)
    root = await plane.control.super_admin()
    client = plane.control.client

    async def found(email: str) -> list[dict[str, str]]:
        answer = await client.get("/api/auth/sso/discover", params={"email": email})
        assert answer.status_code == 200
        connections: list[dict[str, str]] = answer.json()["data"]["connections"]
        return connections

    assert await found("boss@acme.example") == []
    path = "/api/tenants/acme/sso-domains"
    assert (await client.put(path, json={"domains": ["acme.example"]}, headers=root)).status_code == 200
    known, unknown = await found("boss@acme.example"), await found("nobody@acme.example")
    assert known == unknown
    assert [set(one) for one in known] == [{"display_name", "start_url"}]
    assert known[0]["start_url"].startswith("/api/auth/sso/start?connection=")
    assert await found("boss@other.example") == []


async def test_the_found_start_url_works(plane: SsoPlane, browser: Browser, provider: FakeProvider) -> None:
    await plane.connect(provider.issuer)
    ((connection_id,),) = await plane.control.sql("select id from sso_connections")
    assert (await browser.sign_in(connection=str(connection_id)))["user"]["tenant_id"] == "acme"


async def test_old_attempts_are_forgotten(plane: SsoPlane, browser: Browser, provider: FakeProvider) -> None:
    await plane.connect(provider.issuer)
    await browser.leave(tenant_id="acme")
    await browser.walk(tenant_id="acme")
    await plane.control.app.state.sso.forget_expired()
    assert len(await plane.control.sql("select 1 from sso_attempts")) == 1
    plane.control.clock.offset = timedelta(minutes=11)
    await plane.control.app.state.sso.forget_expired()
    assert await plane.control.sql("select 1 from sso_attempts") == []
    assert await plane.control.sql("select 1 from sso_exchanges") == []


async def test_an_existing_member_is_linked_and_keeps_the_password(
    plane: SsoPlane, browser: Browser, provider: FakeProvider
) -> None:
    await plane.connect(provider.issuer, create_users=False)
    user_id = await plane.control.add_user("ana@acme.example", {"acme": Role.OPERATOR})
    signed_in = await browser.sign_in(tenant_id="acme")
    assert (signed_in["user"]["id"], signed_in["user"]["role"]) == (str(user_id), "operator")
    by_password = await plane.control.sign_in("ana@acme.example")
    assert (await plane.control.client.get("/api/auth/me", headers=bearer(by_password["token"]))).status_code == 200


async def test_members_of_a_suspended_tenant_come_in_as_what_they_are_and_nobody_else(
    plane: SsoPlane, browser: Browser, provider: FakeProvider
) -> None:
    await plane.connect(provider.issuer, role_mapping={"readers": "viewer"})
    await plane.control.add_user("ana@acme.example", {"acme": Role.OPERATOR})
    members = "select user_id, role from memberships order by 1"
    before = await plane.control.sql(members)
    await plane.control.execute("update tenants set state = 'suspended'")
    provider.claims["groups"] = ["readers"]
    assert (await browser.sign_in(tenant_id="acme"))["user"]["role"] == "operator"
    provider.claims |= {"sub": "bea-1", "email": "bea@acme.example"}
    assert error_of(await browser.walk(tenant_id="acme")) == "sso_no_access"
    assert await plane.refusals() == [("sso_no_access", "bea@acme.example is no member, and the tenant is suspended.")]
    assert await plane.control.sql(members) == before
    assert await plane.control.sql("select 1 from users where email = 'bea@acme.example'") == []
