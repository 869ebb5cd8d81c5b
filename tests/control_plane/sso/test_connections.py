"""Setting it up: who may, what is kept, what changes with it, and the way back when a provider is broken."""

from typing import Any
from uuid import uuid4

import pytest
from starlette.responses import JSONResponse, PlainTextResponse, Response

from control_plane.identity.rules import Role
from control_plane.sso.vault import ClientSecretVault
from tests.control_plane.sso.support import Browser, SsoPlane, error_of
from tests.control_plane.support import PASSWORD, SECRET, bearer
from tests.fakes.oidc import FakeProvider

ISSUER = "https://login.acme.example"
PATH = "/api/auth/sso"


async def boss(plane: SsoPlane) -> str:
    ((user_id,),) = await plane.control.sql("select id from users where email = 'boss@acme.example'")
    return str(user_id)


async def kept(plane: SsoPlane) -> Any:
    return await plane.control.sql("select row_to_json(c)::text from sso_connections c")


async def test_an_admin_connects_reads_and_disconnects(plane: SsoPlane) -> None:
    headers = await plane.admin()
    client = plane.control.client
    before = await client.get(PATH, headers=headers)
    assert (before.status_code, before.headers["etag"]) == (200, '"0"')
    nothing = {"redirect_uri": "http://control-plane/api/auth/sso/callback", "version": 0, "connection": None}
    assert before.json()["data"] == nothing
    answer = await plane.put(headers, ISSUER, email_domains=["Acme.Example", "acme.example"])
    assert (answer.status_code, answer.headers["etag"]) == (200, '"1"')
    connection = answer.json()["data"]
    assert connection["email_domains"] == ["acme.example"]
    assert connection["has_client_secret"] and "s3cret" not in answer.text
    read = await client.get(PATH, headers=headers)
    assert read.headers["etag"] == answer.headers["etag"]
    assert read.json()["data"] == {**nothing, "version": 1, "connection": connection}
    assert (await client.delete(PATH, headers=headers)).status_code == 204
    assert (await client.get(PATH, headers=headers)).json()["data"] == nothing
    assert (await client.delete(PATH, headers=headers)).status_code == 404


async def test_a_super_admin_does_it_for_a_tenant_and_names_it(plane: SsoPlane) -> None:
    await plane.connect(ISSUER)
    root = await plane.control.super_admin()
    client = plane.control.client
    assert (await client.get(PATH, headers=root)).status_code == 422
    assert (await client.get(f"{PATH}?tenant_id=acme", headers=root)).json()["data"]["connection"]["issuer"] == ISSUER
    assert (await client.delete(f"{PATH}?tenant_id=acme", headers=root)).status_code == 204
    body = {"issuer": ISSUER, "client_id": "x", "display_name": "x", "email_domains": ["x.example"]}
    for tenant_id, status in (("neverwas", 404), ("acme", 200)):
        answer = await client.put(f"{PATH}?tenant_id={tenant_id}", json=body, headers=root)
        assert answer.status_code == status


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
async def test_others_may_not(plane: SsoPlane, role: Role) -> None:
    await plane.connect(ISSUER)
    await plane.control.add_user("ana@acme.example", {"acme": role})
    headers = bearer((await plane.control.sign_in("ana@acme.example"))["token"])
    before = await kept(plane)
    client = plane.control.client
    answers = [
        await client.get(PATH, headers=headers),
        await plane.put(headers, "https://evil.example"),
        await client.delete(PATH, headers=headers),
        await client.post(f"{PATH}/test", headers=headers),
        await client.post(f"{PATH}/scim-token", headers=headers),
    ]
    assert [answer.status_code for answer in answers] == [403] * 5
    assert await kept(plane) == before


async def test_the_client_secret_lies_sealed_and_bound_to_its_connection(plane: SsoPlane) -> None:
    await plane.connect(ISSUER)
    ((connection_id, sealed),) = await plane.control.sql("select id, sealed_client_secret from sso_connections")
    assert b"s3cret" not in sealed
    vault = ClientSecretVault(SECRET)
    assert vault.open(connection_id, sealed) == "s3cret & more"
    assert vault.open(uuid4(), sealed) is None
    assert ClientSecretVault(SECRET[::-1]).open(connection_id, sealed) is None
    events = await plane.control.sql("select body::text from events")
    assert not [row for row in events if "s3cret" in row[0]]


async def test_a_secret_that_is_left_out_stays_and_null_takes_it_away(plane: SsoPlane) -> None:
    headers = await plane.connect(ISSUER)
    body = {"issuer": ISSUER, "client_id": "other", "display_name": "x", "email_domains": ["acme.example"]}
    client = plane.control.client
    changed = (await client.put(PATH, json=body, headers=headers)).json()["data"]
    assert (changed["client_id"], changed["has_client_secret"]) == ("other", True)
    gone = (await client.put(PATH, json={**body, "client_secret": None}, headers=headers)).json()["data"]
    assert not gone["has_client_secret"]
    rows = await plane.control.sql(
        "select body ->> 'client_secret' from events where kind = 'sso.connected' order by id"
    )
    assert [row[0] for row in rows] == ["changed", "kept", "none"]


async def test_a_stored_secret_never_goes_to_another_issuer(plane: SsoPlane, provider: FakeProvider) -> None:
    """Else whoever may set the issuer could have the secret sent to themselves."""
    headers = await plane.connect(ISSUER)
    body = {"issuer": provider.issuer, "client_id": "x", "display_name": "x", "email_domains": ["acme.example"]}
    before = await kept(plane)
    answer = await plane.control.client.put(PATH, json=body, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body.client_secret")
    assert await kept(plane) == before


async def test_another_issuer_ends_links_and_sessions(
    plane: SsoPlane, browser: Browser, provider: FakeProvider
) -> None:
    headers = await plane.connect(provider.issuer)
    signed_in = await browser.sign_in(tenant_id="acme")
    assert (await plane.put(headers, provider.issuer, display_name="Renamed")).status_code == 200
    signed_in = (await plane.control.refresh(signed_in["refresh_token"])).json()["data"]
    assert (await plane.put(headers, ISSUER)).status_code == 200
    assert (await plane.control.refresh(signed_in["refresh_token"])).status_code == 401
    assert await plane.control.sql("select 1 from sso_identities") == []
    assert (await plane.control.me(headers["authorization"].removeprefix("Bearer "))).status_code == 200


async def test_disconnecting_ends_its_sessions_and_no_others(
    plane: SsoPlane, browser: Browser, provider: FakeProvider
) -> None:
    headers = await plane.connect(provider.issuer)
    by_sso = await browser.sign_in(tenant_id="acme")
    by_password = await plane.control.sign_in("boss@acme.example")
    await plane.control.client.delete(PATH, headers=headers)
    assert (await plane.control.refresh(by_sso["refresh_token"])).status_code == 401
    assert (await plane.control.refresh(by_password["refresh_token"])).status_code == 200


async def test_who_saved_first_wins(plane: SsoPlane) -> None:
    headers = await plane.connect(ISSUER)
    first = await plane.put({**headers, "if-match": '"1"'}, ISSUER, display_name="First")
    second = await plane.put({**headers, "if-match": '"1"'}, ISSUER, display_name="Second")
    assert (first.status_code, first.headers["etag"], second.status_code) == (200, '"2"', 412)
    assert await plane.control.sql("select display_name from sso_connections") == [("First",)]


@pytest.mark.parametrize(
    "change",
    [
        {"issuer": "login.acme.example"},
        {"issuer": "javascript:alert(1)"},
        {"email_domains": []},
        {"email_domains": ["acme"]},
        {"email_domains": ["@acme.example"]},
        {"email_domains": ["acme.example/x"]},
        {"role_mapping": {"ops": "super_admin"}},
        {"default_role": "super_admin"},
        {"display_name": " "},
        {"client_secret": ""},
        {"confirmed_domains": ["acme.example"]},
    ],
)
async def test_nonsense_is_refused(plane: SsoPlane, change: dict[str, Any]) -> None:
    headers = await plane.admin()
    assert (await plane.put(headers, **{"issuer": ISSUER, **change})).status_code == 422
    assert await kept(plane) == []


async def test_a_domain_that_is_taken_away_is_confirmed_no_more(plane: SsoPlane) -> None:
    headers = await plane.connect(ISSUER, email_domains=["acme.example", "acme.test"])
    root = await plane.control.super_admin()
    client, path = plane.control.client, "/api/tenants/acme/sso-domains"
    assert (await client.put(path, json={"domains": ["other.example"]}, headers=root)).status_code == 422
    confirmed = await client.put(path, json={"domains": ["acme.example", "acme.test"]}, headers=root)
    assert confirmed.json()["data"]["confirmed_domains"] == ["acme.example", "acme.test"]
    changed = await plane.put(headers, ISSUER, email_domains=["acme.test"])
    assert changed.json()["data"]["confirmed_domains"] == ["acme.test"]


async def test_the_test_button_on_a_provider_that_works(plane: SsoPlane, provider: FakeProvider) -> None:
    headers = await plane.connect(provider.issuer)
    answer = (await plane.control.client.post(f"{PATH}/test", headers=headers)).json()["data"]
    assert answer == {
        "is_working": True,
        "failed_step": None,
        "failure": None,
        "issuer": provider.issuer,
        "authorization_endpoint": f"{provider.issuer}/authorize",
        "token_endpoint": f"{provider.issuer}/token",
        "jwks_uri": f"{provider.issuer}/keys",
        "keys": 1,
        "has_pkce": True,
    }


@pytest.mark.parametrize(
    ("path", "answer", "step", "words"),
    [
        ("/.well-known/openid-configuration", PlainTextResponse("", 404), "discovery", "answered 404."),
        ("/.well-known/openid-configuration", PlainTextResponse("<html>"), "discovery", "which is not JSON"),
        (
            "/.well-known/openid-configuration",
            JSONResponse({"issuer": "x"}),
            "discovery",
            "no usable authorization_endpoint",
        ),
        ("/keys", PlainTextResponse("", 500), "keys", "/keys answered 500."),
        ("/keys", JSONResponse({"keys": []}), "keys", "holds no public key"),
        ("/keys", JSONResponse({"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}), "keys", "holds no public key"),
    ],
)
async def test_the_test_button_says_what_fails(
    plane: SsoPlane, provider: FakeProvider, path: str, answer: Response, step: str, words: str
) -> None:
    headers = await plane.connect(provider.issuer)
    provider.answers[path] = answer
    check = (await plane.control.client.post(f"{PATH}/test", headers=headers)).json()["data"]
    assert (check["is_working"], check["failed_step"]) == (False, step)
    assert words in check["failure"]


@pytest.mark.parametrize(
    ("issuer", "words"),
    [
        ("http://127.0.0.1:9", "http://127.0.0.1:9 refuses the connection."),
        ("https://10.0.0.1", "10.0.0.1 is not a public address; only those may be asked."),
        ("https://169.254.169.254", "169.254.169.254 is not a public address; only those may be asked."),
    ],
)
async def test_the_test_button_on_addresses_that_lead_nowhere(plane: SsoPlane, issuer: str, words: str) -> None:
    headers = await plane.connect(issuer)
    check = (await plane.control.client.post(f"{PATH}/test", headers=headers)).json()["data"]
    assert (check["failed_step"], check["failure"]) == ("discovery", words)


async def test_the_test_button_on_another_issuer(plane: SsoPlane, provider: FakeProvider) -> None:
    headers = await plane.connect(provider.issuer)
    provider.metadata = {"issuer": f"{provider.issuer}/"}
    check = (await plane.control.client.post(f"{PATH}/test", headers=headers)).json()["data"]
    assert check["failed_step"] == "issuer"
    assert check["failure"].endswith(f"says that its issuer is {provider.issuer}/, not {provider.issuer}.")


async def test_the_test_button_remembers_nothing(plane: SsoPlane, browser: Browser, provider: FakeProvider) -> None:
    headers = await plane.connect(provider.issuer)
    await browser.sign_in(tenant_id="acme")
    provider.answers["/keys"] = PlainTextResponse("", 404)
    check = (await plane.control.client.post(f"{PATH}/test", headers=headers)).json()["data"]
    assert not check["is_working"]


async def test_passwords_are_refused_but_for_the_way_back(plane: SsoPlane, provider: FakeProvider) -> None:
    headers = await plane.connect(provider.issuer)
    await plane.control.add_user("ana@acme.example", {"acme": Role.VIEWER})
    await plane.control.add_user("guest@partner.example", {"acme": Role.VIEWER})
    before = await plane.control.sign_in("ana@acme.example")
    answer = await plane.put(headers, provider.issuer, is_enforced=True, break_glass_user_ids=[await boss(plane)])
    assert answer.status_code == 200
    client = plane.control.client
    for password, status in ((PASSWORD, 403), ("wrong", 401)):
        refused = await client.post("/api/auth/token", json={"email": "ana@acme.example", "password": password})
        assert refused.status_code == status
    assert (await plane.control.refresh(before["refresh_token"])).status_code == 401
    assert (await plane.control.me(before["token"])).status_code == 401
    for email in ("boss@acme.example", "guest@partner.example"):
        assert (await plane.control.sign_in(email))["user"]["tenant_id"] == "acme"
    await plane.put(headers, provider.issuer)
    await plane.control.sign_in("ana@acme.example")


async def test_nobody_can_lock_everybody_out(plane: SsoPlane) -> None:
    headers = await plane.connect(ISSUER)
    viewer = await plane.control.add_user("ana@acme.example", {"acme": Role.VIEWER})
    await plane.control.add_tenant("globex")
    stranger = await plane.control.add_user("eve@globex.example", {"globex": Role.ADMIN})
    before = await kept(plane)
    for ids in ([], [str(viewer)], [str(stranger)], [str(uuid4())], [await boss(plane), str(viewer)]):
        answer = await plane.put(headers, ISSUER, is_enforced=True, break_glass_user_ids=ids)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body.break_glass_user_ids")
    assert await kept(plane) == before
    assert await plane.control.sql("select 1 from sign_in_policies where sso_domains <> '{}'") == []


async def test_a_deactivated_admin_is_no_way_back(plane: SsoPlane) -> None:
    headers = await plane.connect(ISSUER)
    other = await plane.control.add_user("other@acme.example", {"acme": Role.ADMIN})
    answer = await plane.control.client.patch(f"/api/users/{other}", json={"is_active": False}, headers=headers)
    assert answer.status_code == 200
    before = await kept(plane)
    refused = await plane.put(headers, ISSUER, is_enforced=True, break_glass_user_ids=[str(other)])
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "body.break_glass_user_ids")
    assert await kept(plane) == before


async def test_the_last_way_back_stays_one(plane: SsoPlane) -> None:
    """Another admin is left, but only through the provider."""
    headers = await plane.connect(ISSUER)
    other = await plane.control.add_user("other@acme.example", {"acme": Role.ADMIN})
    only = await boss(plane)
    await plane.put(headers, ISSUER, is_enforced=True, break_glass_user_ids=[only])
    client, members = plane.control.client, "select user_id, role, deactivated_at from memberships order by 1"
    before = await plane.control.sql(members)
    for answer in (
        await client.patch(f"/api/users/{only}", json={"role": "viewer"}, headers=headers),
        await client.patch(f"/api/users/{only}", json={"is_active": False}, headers=headers),
        await client.delete(f"/api/users/{only}", headers=headers),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "LAST_BREAK_GLASS")
    assert await plane.control.sql(members) == before
    await plane.put(headers, ISSUER, is_enforced=True, break_glass_user_ids=[only, str(other)])
    demoted = await client.patch(f"/api/users/{only}", json={"role": "viewer"}, headers=headers)
    assert demoted.status_code == 200
    left = await client.delete(f"/api/users/{other}", headers=headers)
    assert (left.status_code, left.json()["code"]) == (409, "LAST_ADMIN")


async def test_where_passwords_count_anybody_but_the_last_admin_may_go(plane: SsoPlane) -> None:
    headers = await plane.connect(ISSUER)
    await plane.control.add_user("other@acme.example", {"acme": Role.ADMIN})
    only = await boss(plane)
    await plane.put(headers, ISSUER, break_glass_user_ids=[only])
    assert (await plane.control.client.delete(f"/api/users/{only}", headers=headers)).status_code == 200


async def test_an_admin_without_a_password_is_no_way_back(
    plane: SsoPlane, browser: Browser, provider: FakeProvider
) -> None:
    headers = await plane.connect(provider.issuer, default_role="admin")
    ana = (await browser.sign_in(tenant_id="acme"))["user"]["id"]
    answer = await plane.put(headers, provider.issuer, is_enforced=True, break_glass_user_ids=[ana])
    assert answer.status_code == 422


async def test_groups_decide_at_each_sign_in(plane: SsoPlane, browser: Browser, provider: FakeProvider) -> None:
    mapping = {"readers": "viewer", "ops": "operator", "chiefs": "admin"}
    await plane.connect(provider.issuer, role_mapping=mapping, default_role=None)
    for groups, role in ((["ops", "readers"], "operator"), (["chiefs", "ops"], "admin"), (["readers", "x"], "viewer")):
        provider.claims["groups"] = groups
        assert (await browser.sign_in(tenant_id="acme"))["user"]["role"] == role
    provider.claims["groups"] = ["x"]
    assert error_of(await browser.walk(tenant_id="acme")) == "sso_no_role"
    rows = await plane.control.sql(
        "select body ->> 'before', body ->> 'after' from events where kind = 'member.role_changed' order by id"
    )
    assert [tuple(row) for row in rows] == [("operator", "admin"), ("admin", "viewer")]


async def test_without_a_mapping_members_keep_their_role(
    plane: SsoPlane, browser: Browser, provider: FakeProvider
) -> None:
    await plane.connect(provider.issuer, default_role="viewer")
    await plane.control.add_user("ana@acme.example", {"acme": Role.OPERATOR})
    assert (await browser.sign_in(tenant_id="acme"))["user"]["role"] == "operator"


async def test_groups_demote_neither_the_last_admin_nor_a_break_glass_one(
    plane: SsoPlane, browser: Browser, provider: FakeProvider
) -> None:
    headers = await plane.connect(provider.issuer, role_mapping={"readers": "viewer"})
    provider.claims |= {"sub": "boss-1", "email": "boss@acme.example", "groups": ["readers"]}
    assert (await browser.sign_in(tenant_id="acme"))["user"]["role"] == "admin"
    await plane.control.add_user("other@acme.example", {"acme": Role.ADMIN})
    changes = {"role_mapping": {"readers": "viewer"}, "break_glass_user_ids": [await boss(plane)]}
    await plane.put(headers, provider.issuer, **changes)
    assert (await browser.sign_in(tenant_id="acme"))["user"]["role"] == "admin"
    await plane.put(headers, provider.issuer, role_mapping={"readers": "viewer"})
    assert (await browser.sign_in(tenant_id="acme"))["user"]["role"] == "viewer"


async def test_who_may_come_in_at_all(plane: SsoPlane, browser: Browser, provider: FakeProvider) -> None:
    headers = await plane.connect(provider.issuer, create_users=False)
    assert error_of(await browser.walk(tenant_id="acme")) == "sso_no_access"
    await plane.put(headers, provider.issuer, default_role=None)
    assert error_of(await browser.walk(tenant_id="acme")) == "sso_no_role"
    assert await plane.control.sql("select 1 from users where email = 'ana@acme.example'") == []


async def test_a_new_subject_with_a_known_address_has_to_be_invited_anew(
    plane: SsoPlane, browser: Browser, provider: FakeProvider
) -> None:
    """An address that was given to somebody else does not bring the predecessor's account along."""
    await plane.connect(provider.issuer)
    await browser.sign_in(tenant_id="acme")
    provider.claims["sub"] = "ana-2"
    assert error_of(await browser.walk(tenant_id="acme")) == "sso_linked"
    await plane.control.execute("delete from memberships where role = 'viewer'")
    await plane.control.execute(
        "insert into memberships (user_id, tenant_id, role, created_at)"
        " select id, 'acme', 'viewer', now() from users where email = 'ana@acme.example'"
    )
    await browser.sign_in(tenant_id="acme")


async def test_the_plan_has_room_for_so_many(plane: SsoPlane, browser: Browser, provider: FakeProvider) -> None:
    await plane.connect(provider.issuer)
    await plane.control.execute("update tenants set plan = 'free', plan_version = 1")
    for number in range(2):
        await plane.control.add_user(f"u{number}@acme.example", {"acme": Role.VIEWER})
    assert error_of(await browser.walk(tenant_id="acme")) == "sso_quota"
    assert await plane.control.sql("select 1 from users where email = 'ana@acme.example'") == []
