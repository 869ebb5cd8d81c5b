"""ID tokens that must open nothing, and providers that answer nonsense."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from tests.control_plane.sso.support import Browser, SsoPlane, error_of
from tests.fakes.oidc import Claims, FakeProvider, unsigned

Change = Callable[[Claims], Claims]


async def refused(plane: SsoPlane, browser: Browser, code: str) -> str:
    """Walk; assert that nothing came of it; the words for the tenant's admins."""
    users = await plane.control.sql("select count(*) from users")
    assert error_of(await browser.walk(tenant_id="acme")) == code
    assert await plane.control.sql("select count(*) from users") == users
    for table in ("sso_exchanges", "sso_identities", "sso_attempts"):
        assert await plane.control.sql(f"select 1 from {table}") == []
    assert await plane.control.sql("select 1 from sessions where method = 'sso'") == []
    ((refusal, words),) = await plane.refusals()
    assert refusal == code
    return words


def without(name: str) -> Change:
    return lambda claims: {key: value for key, value in claims.items() if key != name}


def with_(**changes: Any) -> Change:
    return lambda claims: {**claims, **changes}


def with_time(name: str, seconds: int) -> Change:
    """So far from now, whenever now is."""
    return lambda claims: {**claims, name: int(time.time()) + seconds}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (with_(nonce="another"), "nonce"),
        (without("nonce"), "nonce"),
        (with_(iss="https://evil.example"), "iss"),
        (without("iss"), "iss"),
        (with_(aud="another-client"), "aud"),
        (with_(aud=["another-client"]), "aud"),
        (without("aud"), "aud"),
        (with_(azp="another-client"), "azp"),
        (with_time("exp", -120), "expired"),
        (without("exp"), "exp"),
        (with_(exp="soon"), "exp"),
        (with_time("iat", 600), "issued in the future"),
        (with_time("nbf", 600), ""),
        (with_(at_hash="bm90IHRoaXMgb25l"), "at_hash"),
        (without("sub"), "sub"),
        (with_(sub=""), ""),
        (with_(sub="x" * 256), "sub"),
        (with_(sub={"$ne": 1}), ""),
    ],
)
async def test_claims_that_are_not_ours(
    plane: SsoPlane, browser: Browser, provider: FakeProvider, change: Change, words: str
) -> None:
    await plane.connect(provider.issuer)
    provider.change = change
    assert words in await refused(plane, browser, "sso_provider")


async def test_without_a_signature(plane: SsoPlane, browser: Browser, provider: FakeProvider) -> None:
    await plane.connect(provider.issuer)
    provider.sign = unsigned
    await refused(plane, browser, "sso_provider")


async def test_signed_with_our_own_secret_or_the_public_key(
    plane: SsoPlane, browser: Browser, provider: FakeProvider
) -> None:
    """HS256: whoever knows the client secret, or takes the public key for one, could sign anything."""
    await plane.connect(provider.issuer, client_secret="s" * 40)
    key = OctKey.import_key("s" * 40)
    provider.sign = lambda claims: jwt.encode({"alg": "HS256", "kid": "first"}, claims, key)
    await refused(plane, browser, "sso_provider")


@pytest.mark.parametrize("kid", ["first", "nobody"])
async def test_signed_with_a_key_of_somebody_else(
    plane: SsoPlane, browser: Browser, provider: FakeProvider, kid: str
) -> None:
    await plane.connect(provider.issuer)
    stranger = ECKey.generate_key("P-256", {"kid": kid})
    provider.sign = lambda claims: jwt.encode({"alg": "ES256", "kid": kid}, claims, stranger)
    await refused(plane, browser, "sso_provider")


async def test_a_key_inside_the_token_counts_for_nothing(
    plane: SsoPlane, browser: Browser, provider: FakeProvider
) -> None:
    await plane.connect(provider.issuer)
    stranger = ECKey.generate_key("P-256", {"kid": "first"})
    header = {"alg": "ES256", "kid": "first", "jwk": stranger.as_dict(private=False)}
    provider.sign = lambda claims: jwt.encode(header, claims, stranger)
    await refused(plane, browser, "sso_provider")


async def test_a_rotated_key_is_fetched_once_more(plane: SsoPlane, browser: Browser, provider: FakeProvider) -> None:
    await plane.connect(provider.issuer)
    await browser.sign_in(tenant_id="acme")
    provider.rotate()
    await browser.sign_in(tenant_id="acme")
    assert [path for path, _ in provider.seen].count("/keys") == 2


async def test_rsa_and_other_keys_beside(plane: SsoPlane, browser: Browser, provider: FakeProvider) -> None:
    provider.key = RSAKey.generate_key(2048, {"kid": "rsa"})
    public = provider.key.as_dict(private=False)
    keys = [{"kty": "AKP", "kid": "new"}, {"kty": "RSA", "kid": "broken"}, "nonsense", {**public, "use": "sig"}]
    provider.answers["/keys"] = JSONResponse({"keys": keys})
    await plane.connect(provider.issuer)
    await browser.sign_in(tenant_id="acme")


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"email": None}, "has no email"),
        ({"email_verified": False}, "does not say that"),
        ({"email_verified": "false"}, "does not say that"),
        ({"email_verified": 2}, "does not say that"),
        ({"email": "ana@evil.example"}, "none of the connection's domains"),
        ({"email": "ana@acme.example.evil.example"}, "none of the connection's domains"),
        ({"email": "ana@evil.example@acme.example"}, "no usable text"),
        ({"email": "acme.example"}, "no usable text"),
        ({"email": "ana\u0000@acme.example"}, "no usable text"),
        ({"sub": "ana\u0000"}, "no usable text"),
        ({"name": "Ana\ud800"}, "no usable text"),
    ],
)
async def test_addresses_that_prove_nothing(
    plane: SsoPlane, browser: Browser, provider: FakeProvider, claims: Claims, words: str
) -> None:
    await plane.connect(provider.issuer)
    provider.claims |= claims
    assert words in await refused(plane, browser, "sso_email")


@pytest.mark.parametrize("is_trusted", [False, True])
async def test_a_provider_that_does_not_speak_of_verification(
    plane: SsoPlane, browser: Browser, provider: FakeProvider, is_trusted: bool
) -> None:
    await plane.connect(provider.issuer, is_email_trusted=is_trusted)
    del provider.claims["email_verified"]
    end = await browser.walk(tenant_id="acme")
    assert end.startswith({False: "/login?error=sso_email", True: "/login/sso#code="}[is_trusted])


async def test_trust_does_not_cover_a_no(plane: SsoPlane, browser: Browser, provider: FakeProvider) -> None:
    await plane.connect(provider.issuer, is_email_trusted=True)
    provider.claims["email_verified"] = False
    await refused(plane, browser, "sso_email")


async def test_a_thousand_groups_are_too_many(plane: SsoPlane, browser: Browser, provider: FakeProvider) -> None:
    await plane.connect(provider.issuer)
    provider.claims["groups"] = [f"group-{number}" for number in range(1001)]
    assert "1,001 groups, more than 1,000" in await refused(plane, browser, "sso_provider")


@pytest.mark.parametrize("groups", ["ops", ["ops"], [1, None, "ops", ["x"]]])
async def test_odd_shapes_of_groups(plane: SsoPlane, browser: Browser, provider: FakeProvider, groups: Any) -> None:
    await plane.connect(provider.issuer, role_mapping={"ops": "operator"})
    provider.claims["groups"] = groups
    assert (await browser.sign_in(tenant_id="acme"))["user"]["role"] == "operator"


@pytest.mark.parametrize("groups", [{"ops": True}, 7, True])
async def test_groups_that_are_no_list_are_none(
    plane: SsoPlane, browser: Browser, provider: FakeProvider, groups: Any
) -> None:
    await plane.connect(provider.issuer, role_mapping={"ops": "operator"})
    provider.claims["groups"] = groups
    assert (await browser.sign_in(tenant_id="acme"))["user"]["role"] == "viewer"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (PlainTextResponse("<html>"), "is not JSON"),
        (JSONResponse([1]), "not an object"),
        (JSONResponse({"access_token": "x"}), "gave no ID token"),
        (
            JSONResponse({"error": "invalid_client", "error_description": "no\nsecret"}, 401),
            "invalid_client: no secret",
        ),
        (RedirectResponse("http://169.254.169.254/", 302), "answered 302"),
        (PlainTextResponse("x" * 600_000), "larger than"),
        (PlainTextResponse("[" * 200_000), "is not JSON"),
        (JSONResponse({"id_token": "a.b.c"}), "not valid"),
        (JSONResponse({"id_token": "a.b.c.d.e"}), "not valid"),
        (JSONResponse({"id_token": ""}), "not valid"),
    ],
)
async def test_a_token_endpoint_that_answers_nonsense(
    plane: SsoPlane, browser: Browser, provider: FakeProvider, answer: Response, words: str
) -> None:
    await plane.connect(provider.issuer)
    provider.answers["/token"] = answer
    assert words in await refused(plane, browser, "sso_provider")


async def test_a_provider_that_is_away(plane: SsoPlane, browser: Browser, provider: FakeProvider) -> None:
    await plane.connect("http://127.0.0.1:9")
    assert error_of(await browser.leave(tenant_id="acme")) == "sso_provider"
    assert await plane.refusals() == [("sso_provider", "http://127.0.0.1:9 refuses the connection.")]


async def test_a_provider_that_sends_people_elsewhere(
    plane: SsoPlane, browser: Browser, provider: FakeProvider
) -> None:
    provider.metadata = {"authorization_endpoint": "javascript:alert(1)"}
    await plane.connect(provider.issuer)
    assert error_of(await browser.leave(tenant_id="acme")) == "sso_provider"


async def test_endpoints_inside_the_providers_network(
    plane: SsoPlane, browser: Browser, provider: FakeProvider
) -> None:
    """Discovery may name any host; each request is judged anew."""
    provider.metadata = {"token_endpoint": "http://169.254.169.254/latest/meta-data"}
    await plane.connect(provider.issuer)
    assert "169.254.169.254 is not a public address" in await refused(plane, browser, "sso_provider")
