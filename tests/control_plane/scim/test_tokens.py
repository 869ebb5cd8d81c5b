"""A tenant's SCIM token: shown once, replaced at will, and good for this tenant's members and nothing else."""

from datetime import timedelta

import httpx
import pytest

from control_plane.identity.rules import Role
from tests.control_plane.scim.conftest import USER, Directory
from tests.control_plane.support import ControlPlane, bearer

PATH = "/api/auth/sso/scim-token"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


async def test_a_token_is_shown_once_and_lies_hashed(directory: Directory, admin: dict[str, str]) -> None:
    read = (await directory.control.client.get(PATH, headers=admin)).json()["data"]
    assert read["base_url"] == "http://control-plane/scim/v2"
    assert read["token"] == {
        "created_at": read["token"]["created_at"],
        "last_used_at": None,
        "last_refused_at": None,
        "last_refusal": None,
    }
    rows = await directory.control.sql("select row_to_json(t)::text from scim_tokens t")
    events = await directory.control.sql("select body::text from events")
    assert not [row for row in (*rows, *events) if directory.token in row[0]]


async def test_while_there_is_none_the_address_is_told(control: ControlPlane, admin: dict[str, str]) -> None:
    answer = await control.client.get(PATH, headers=admin)
    assert answer.status_code == 200
    assert answer.json()["data"] == {"base_url": "http://control-plane/scim/v2", "token": None}


@pytest.mark.parametrize(("method", "path"), [("GET", "/Users"), ("GET", "/Schemas"), ("PATCH", "/Users/x")])
async def test_its_last_use_is_noted(directory: Directory, admin: dict[str, str], method: str, path: str) -> None:
    await directory.client.request(method, path)
    assert (await directory.control.client.get(PATH, headers=admin)).json()["data"]["token"]["last_used_at"] is not None


async def noted(directory: Directory, admin: dict[str, str]) -> tuple[str | None, str | None]:
    """When the last refusal was, and which."""
    told = (await directory.control.client.get(PATH, headers=admin)).json()["data"]["token"]
    return told["last_refused_at"], told["last_refusal"]


async def test_its_last_refusal_is_told_with_the_reason(directory: Directory, admin: dict[str, str]) -> None:
    await directory.created("ana", emails=[{"value": "ana@acme.example"}])
    assert await noted(directory, admin) == (None, None)
    await directory.create("ana", emails=[{"value": "other@acme.example"}])
    first_at, said = await noted(directory, admin)
    assert said == "POST /Users: There is a user ana in this tenant already."
    directory.control.clock.offset += timedelta(seconds=30)
    await directory.create("ana", emails=[{"value": "other@acme.example"}])
    assert await noted(directory, admin) == (first_at, said), "the same once a minute"
    await directory.client.get("/Users", params={"filter": 'displayName eq "secret"'})
    later_at, said = await noted(directory, admin)
    assert str(later_at) > str(first_at)
    assert str(said).startswith("GET /Users: ")
    assert "secret" not in str(said), "a query stays out of it"
    await directory.client.get(f"/Nothing%00{'x' * 600}")
    assert str((await noted(directory, admin))[1]).startswith("GET /Nothingxx")
    await directory.control.client.post(PATH, headers=admin)
    assert await noted(directory, admin) == (None, None), "a new token has no past"


async def test_whoever_has_no_token_writes_nothing_there(directory: Directory, admin: dict[str, str]) -> None:
    transport = httpx.ASGITransport(app=directory.control.app)
    async with httpx.AsyncClient(transport=transport, base_url=directory.client.base_url) as client:
        assert (await client.get("/Users", headers=bearer("ops_scim_wrong"))).status_code == 401
    assert await noted(directory, admin) == (None, None)


async def test_a_new_token_takes_the_place_of_the_old(directory: Directory, admin: dict[str, str]) -> None:
    again = (await directory.control.client.post(PATH, headers=admin)).json()["data"]["token"]
    assert (await directory.client.get("/Users")).status_code == 401
    assert (await directory.client.get("/Users", headers=bearer(again))).status_code == 200
    assert (await directory.control.client.delete(PATH, headers=admin)).status_code == 204
    assert (await directory.client.get("/Users", headers=bearer(again))).status_code == 401
    assert (await directory.control.client.delete(PATH, headers=admin)).status_code == 404
    rows = await directory.control.sql("select kind from events where kind like 'scim.token%' order by id")
    assert [row[0] for row in rows] == ["scim.token_created", "scim.token_created", "scim.token_deleted"]


async def test_an_idempotency_key_does_not_keep_a_token(control: ControlPlane, admin: dict[str, str]) -> None:
    headers = {**admin, "idempotency-key": "once"}
    answers = [await control.client.post(PATH, headers=headers) for _ in range(2)]
    assert answers[0].json()["data"]["token"] != answers[1].json()["data"]["token"]
    assert await control.sql("select 1 from idempotency_keys") == []


@pytest.mark.parametrize("token", [None, "", "nonsense", "ops_scim_" + "x" * 43])
async def test_without_a_token_nothing_opens(directory: Directory, token: str | None) -> None:
    before = await directory.members()
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    transport = httpx.ASGITransport(app=directory.control.app)
    async with httpx.AsyncClient(transport=transport, base_url=directory.client.base_url) as client:
        for method, path in (("GET", "/Users"), ("POST", "/Users"), ("DELETE", "/Users/x"), ("GET", "/Schemas")):
            answer = await client.request(method, path, headers=headers, json={})
            assert answer.status_code == 401
            assert answer.headers["content-type"] == "application/scim+json"
            assert answer.headers["www-authenticate"] == "Bearer"
            assert (answer.json()["schemas"], answer.json()["status"]) == ([ERROR], "401")
    assert await directory.members() == before


async def test_peoples_tokens_open_nothing_here_and_scim_tokens_nothing_there(
    directory: Directory, admin: dict[str, str]
) -> None:
    assert (await directory.client.get("/Users", headers=admin)).status_code == 401
    for path in ("/api/auth/me", "/api/plans", "/api/auth/sso"):
        answer = await directory.control.client.get(path, headers=bearer(directory.token))
        assert answer.status_code == 401


async def test_another_tenants_members_are_not_there(directory: Directory) -> None:
    await directory.control.add_tenant("globex")
    stranger = await directory.control.add_user("eve@globex.example", {"globex": Role.ADMIN})
    unknown = "01890000-0000-7000-8000-000000000000"
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        body = {"userName": "x", "Operations": [{"op": "replace", "path": "active", "value": False}]}
        answers = [
            await directory.client.request(method, f"/Users/{one}", json=body) for one in (stranger, unknown, "x")
        ]
        assert [answer.status_code for answer in answers] == [404, 404, 404]
        assert len({answer.text for answer in answers}) == 1
    for attribute in ("userName", "emails.value"):
        assert await directory.find(f'{attribute} eq "eve@globex.example"') == []
    assert await directory.find(f'id eq "{stranger}"') == []
    assert await directory.control.sql("select tenant_id, deactivated_at from memberships where role = 'admin'") == [
        ("acme", None),
        ("globex", None),
    ]


async def test_a_tenant_that_is_not_made_yet_has_no_directory(directory: Directory) -> None:
    await directory.control.execute("update tenants set state = 'provisioning' where tenant_id = 'acme'")
    answer = await directory.client.get("/Users")
    assert (answer.status_code, answer.json()["status"]) == (403, "403")


@pytest.mark.parametrize(
    ("state", "delete_after", "why"),
    [("suspended", "null", "suspended"), ("deleting", "'2031-05-04T03:00Z'", "to be deleted on 2031-05-04 (UTC)")],
)
async def test_a_suspended_tenants_directory_reads_and_writes_nothing(
    directory: Directory, state: str, delete_after: str, why: str
) -> None:
    ana = await directory.created("ana", emails=[{"value": "ana@acme.example"}])
    path, off = f"/Users/{ana['id']}", {"op": "replace", "path": "active", "value": False}
    await directory.control.execute(f"update tenants set state = '{state}', delete_after = {delete_after}")
    kept = "select row_to_json(u)::text from scim_users u"
    before = await directory.members(), await directory.control.sql(kept)
    refused = [
        await directory.create("bea", emails=[{"value": "bea@acme.example"}]),
        await directory.client.put(path, json={"schemas": [USER], "userName": "ana", "displayName": "Another"}),
        await directory.patch(ana["id"], off),
        await directory.client.delete(path),
    ]
    said = f"This tenant is {why}: everything can be read, nothing can be changed."
    assert [answer.json() for answer in refused] == [{"schemas": [ERROR], "status": "403", "detail": said}] * 4
    assert {(one.status_code, one.headers["content-type"]) for one in refused} == {(403, "application/scim+json")}
    assert (await directory.members(), await directory.control.sql(kept)) == before
    assert (await directory.client.get(path)).json() == ana
    assert await directory.find('userName eq "ana"') == ["ana"]
    assert (await directory.client.get("/Schemas")).status_code == 200
