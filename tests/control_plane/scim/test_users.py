"""Users of a directory: what Okta and Entra send, and what becomes of members and sessions."""

import asyncio
import uuid
from typing import Any

import pytest

from control_plane.identity.rules import Role
from tests.control_plane.scim.conftest import USER, Directory
from tests.control_plane.support import bearer

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
OKTA = {
    "schemas": [USER],
    "userName": "ana@acme.example",
    "name": {"givenName": "Ana", "familyName": "Ruiz"},
    "emails": [{"primary": True, "value": "ana@acme.example", "type": "work"}],
    "displayName": "Ana Ruiz",
    "locale": "en-US",
    "externalId": "00ujl29u0le5T6Aj10h7",
    "groups": [],
    "password": "1mz050nq",
    "active": True,
}
ENTRA = {
    "schemas": [USER, ENTERPRISE],
    "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
    "userName": "Ana@acme.example",
    "active": "True",
    "addresses": None,
    "displayName": "Ana Ruiz",
    "emails": [{"type": "work", "value": "Ana@acme.example", "primary": True}],
    "meta": {"resourceType": "User"},
    "name": {"formatted": "Ana Ruiz", "familyName": "Ruiz", "givenName": "Ana"},
    "roles": [],
    f"{ENTERPRISE}": {"employeeNumber": "7", "department": "Ops", "manager": "x"},
}


@pytest.mark.parametrize("body", [OKTA, ENTRA], ids=["okta", "entra"])
async def test_what_directories_send_first(directory: Directory, body: dict[str, Any]) -> None:
    answer = await directory.client.post("/Users", json=body)
    assert answer.status_code == 201, answer.text
    user = answer.json()
    assert answer.headers["content-type"] == "application/scim+json"
    assert answer.headers["location"] == user["meta"]["location"] == f"http://control-plane/scim/v2/Users/{user['id']}"
    assert (user["userName"], user["externalId"], user["active"]) == (body["userName"], body["externalId"], True)
    assert "password" not in user and "1mz050nq" not in str(
        await directory.control.sql("select resource from scim_users")
    )
    assert (await directory.client.get(f"/Users/{user['id']}")).json() == user
    assert ("ana@acme.example", "viewer", True) in await directory.members()
    ((name, password_hash),) = await directory.control.sql(
        "select name, password_hash from users where email = 'ana@acme.example'"
    )
    assert (name, password_hash) == ("Ana Ruiz", "")


async def test_a_user_may_be_created_asleep(directory: Directory) -> None:
    user = await directory.created("ana@acme.example", active=False)
    assert not user["active"]
    assert ("ana@acme.example", "viewer", False) in await directory.members()


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "Replace", "path": "active", "value": "False"},
        {"op": "replace", "value": {"active": False}},
        {"op": "replace", "path": "active", "value": False},
        {"op": "Add", "path": "active", "value": "false"},
        {"op": "replace", "value": {"active": "False", "displayName": "Gone"}},
    ],
)
async def test_deactivating_ends_sessions_in_this_tenant_alone(directory: Directory, operation: dict[str, Any]) -> None:
    control = directory.control
    await control.add_tenant("globex")
    user_id = await control.add_user("ana@acme.example", {"acme": Role.OPERATOR, "globex": Role.ADMIN})
    here = await control.sign_in("ana@acme.example", tenant_id="acme")
    there = await control.sign_in("ana@acme.example", tenant_id="globex")
    answer = await directory.patch(str(user_id), operation)
    assert (answer.status_code, answer.json()["active"]) == (200, False)
    assert (await control.refresh(here["refresh_token"])).status_code == 401
    assert (await control.me(here["token"])).status_code == 401
    stayed = await control.refresh(there["refresh_token"])
    assert stayed.status_code == 200
    assert [seat["tenant_id"] for seat in stayed.json()["data"]["user"]["tenants"]] == ["globex"]
    assert (await control.sign_in("ana@acme.example"))["user"]["tenant_id"] == "globex"
    again = await directory.patch(str(user_id), {"op": "replace", "path": "active", "value": True})
    assert again.json()["active"]
    assert (await control.sign_in("ana@acme.example", tenant_id="acme"))["user"]["role"] == "operator"
    kinds = [
        row[0] for row in await control.sql("select kind from events where kind like 'member.%ctivated' order by id")
    ]
    assert kinds == ["member.deactivated", "member.reactivated"]


async def test_deleting_takes_this_tenant_away_and_no_more(directory: Directory) -> None:
    control = directory.control
    await control.add_tenant("globex")
    user_id = await control.add_user("ana@acme.example", {"acme": Role.OPERATOR, "globex": Role.ADMIN})
    here = await control.sign_in("ana@acme.example", tenant_id="acme")
    assert (await directory.client.delete(f"/Users/{user_id}")).status_code == 204
    assert (await directory.client.get(f"/Users/{user_id}")).status_code == 404
    assert (await directory.client.delete(f"/Users/{user_id}")).status_code == 404
    assert await directory.find('userName eq "ana@acme.example"') == []
    assert (await control.refresh(here["refresh_token"])).status_code == 401
    assert (await control.sign_in("ana@acme.example"))["user"]["tenant_id"] == "globex"


@pytest.mark.parametrize("way", ["patch", "put", "delete", "role"])
async def test_the_last_admin_stays(directory: Directory, way: str) -> None:
    ((boss,),) = await directory.control.sql("select id from users")
    before = await directory.members()
    ways = {
        "patch": directory.patch(str(boss), {"op": "replace", "path": "active", "value": False}),
        "put": directory.client.put(f"/Users/{boss}", json={"userName": "boss@acme.example", "active": False}),
        "delete": directory.client.delete(f"/Users/{boss}"),
        "role": directory.patch(str(boss), {"op": "replace", "path": "roles", "value": [{"value": "viewer"}]}),
    }
    answer = await ways.pop(way)
    for unused in ways.values():
        unused.close()
    assert (answer.status_code, answer.json()["status"]) == (409, "409")
    assert "last admin" in answer.json()["detail"]
    assert await directory.members() == before


async def test_two_admins_that_go_at_once_leave_one(directory: Directory) -> None:
    ((boss,),) = await directory.control.sql("select id from users")
    other = await directory.control.add_user("other@acme.example", {"acme": Role.ADMIN})
    answers = await asyncio.gather(*(directory.client.delete(f"/Users/{user_id}") for user_id in (boss, other)))
    assert sorted(answer.status_code for answer in answers) == [204, 409]


async def test_a_break_glass_admin_is_not_the_directorys(directory: Directory, admin: dict[str, str]) -> None:
    control = directory.control
    ((boss,),) = await control.sql("select id from users")
    await control.add_user("other@acme.example", {"acme": Role.ADMIN})
    connection = {
        "issuer": "https://login.acme.example",
        "client_id": "x",
        "display_name": "x",
        "email_domains": ["acme.example"],
        "break_glass_user_ids": [str(boss)],
    }
    assert (await control.client.put("/api/auth/sso", json=connection, headers=admin)).status_code == 200
    before = await directory.members()
    answers = [
        await directory.patch(str(boss), {"op": "replace", "path": "active", "value": False}),
        await directory.patch(str(boss), {"op": "replace", "path": "roles", "value": [{"value": "viewer"}]}),
        await directory.client.delete(f"/Users/{boss}"),
    ]
    assert [answer.status_code for answer in answers] == [409, 409, 409]
    assert await directory.members() == before
    renamed = await directory.patch(str(boss), {"op": "replace", "path": "displayName", "value": "Boss"})
    assert renamed.json()["displayName"] == "Boss"


async def test_members_whom_the_directory_never_wrote_are_found_and_taken_over(directory: Directory) -> None:
    user_id = await directory.control.add_user("ana@acme.example", {"acme": Role.OPERATOR})
    assert await directory.find('userName eq "ANA@acme.example"') == ["ana@acme.example"]
    answer = await directory.create("ana@acme.example")
    assert (answer.status_code, answer.json()["scimType"]) == (409, "uniqueness")
    taken = await directory.client.put(
        f"/Users/{user_id}", json={"userName": "ana.ruiz", "externalId": "7", "displayName": "A. Ruiz", "active": True}
    )
    assert (taken.status_code, taken.json()["userName"]) == (200, "ana.ruiz")
    assert await directory.find('userName eq "ana@acme.example"') == []
    assert await directory.find('userName eq "Ana.Ruiz"') == ["ana.ruiz"]
    assert await directory.find('externalId eq "7"') == ["ana.ruiz"]
    assert await directory.find('emails[type eq "work"].value eq "ana@acme.example"') == ["ana.ruiz"]
    assert ("ana@acme.example", "operator", True) in await directory.members()


async def test_an_account_from_elsewhere_is_not_given_away(directory: Directory) -> None:
    control = directory.control
    await control.add_tenant("globex")
    await control.add_user("ana@globex.example", {"globex": Role.ADMIN})
    await control.add_user("root@opsplane.example", is_super_admin=True)
    before = await control.sql("select user_id, tenant_id from memberships order by 1, 2")
    for email in ("ana@globex.example", "root@opsplane.example"):
        answer = await directory.create("whoever", emails=[{"value": email, "primary": True}])
        assert (answer.status_code, answer.json()["scimType"]) == (409, "uniqueness")
        assert "invite" in answer.json()["detail"]
    assert await control.sql("select user_id, tenant_id from memberships order by 1, 2") == before


async def test_what_a_directory_writes_does_not_reach_the_account(directory: Directory) -> None:
    """Another tenant may share it."""
    control = directory.control
    user_id = await control.add_user("ana@acme.example", {"acme": Role.OPERATOR})
    before = await control.sql("select id, email, name, password_hash from users order by id")
    body = {
        "userName": "evil",
        "displayName": "Evil",
        "emails": [{"value": "evil@evil.example", "primary": True}],
        "password": "evil password",
    }
    assert (await directory.client.put(f"/Users/{user_id}", json=body)).status_code == 200
    assert await control.sql("select id, email, name, password_hash from users order by id") == before


async def test_roles(directory: Directory) -> None:
    user = await directory.created("ana@acme.example", roles=[{"value": "operator", "primary": True}])
    assert user["roles"] == [{"value": "operator", "primary": True}]
    entra = {"op": "Add", "path": 'roles[primary eq "True"].value', "value": "admin"}
    assert (await directory.patch(user["id"], entra)).json()["roles"] == [{"value": "admin", "primary": True}]
    added = {"op": "add", "path": "roles", "value": [{"value": "viewer"}]}
    assert (await directory.patch(user["id"], added)).json()["roles"] == [{"value": "viewer"}]
    refused = await directory.patch(user["id"], {"op": "replace", "path": "roles", "value": [{"value": "root"}]})
    assert (refused.status_code, refused.json()["scimType"]) == (400, "invalidValue")
    assert ("ana@acme.example", "viewer", True) in await directory.members()
    gone = await directory.patch(user["id"], {"op": "remove", "path": "roles"})
    assert "roles" not in gone.json()
    assert ("ana@acme.example", "viewer", True) in await directory.members()


async def test_a_list_has_pages(directory: Directory) -> None:
    for number in range(5):
        await directory.created(f"user{number}@acme.example")
    whole = (await directory.client.get("/Users")).json()
    assert (whole["totalResults"], whole["startIndex"], whole["itemsPerPage"]) == (6, 1, 6)
    ids = [user["id"] for user in whole["Resources"]]
    second = (await directory.client.get("/Users", params={"startIndex": 3, "count": 2})).json()
    assert (second["totalResults"], second["startIndex"], second["itemsPerPage"]) == (6, 3, 2)
    assert [user["id"] for user in second["Resources"]] == ids[2:4]
    none = (await directory.client.get("/Users", params={"count": 0})).json()
    assert (none["totalResults"], none["itemsPerPage"]) == (6, 0)
    late = (await directory.client.get("/Users", params={"startIndex": 99, "count": 2})).json()
    assert (late["totalResults"], late["itemsPerPage"]) == (6, 0)


async def test_a_search_in_the_body(directory: Directory) -> None:
    await directory.created("ana@acme.example")
    answer = await directory.client.post("/Users/.search", json={"filter": 'userName eq "ana@acme.example"'})
    assert [user["userName"] for user in answer.json()["Resources"]] == ["ana@acme.example"]
    page = await directory.client.post("/Users/.search", json={"startIndex": 2, "count": 1, "attributes": ["userName"]})
    assert (page.json()["totalResults"], page.json()["itemsPerPage"]) == (2, 1)
    assert set(page.json()["Resources"][0]) == {"schemas", "id", "userName"}


async def test_a_list_costs_the_same_for_one_and_for_many(directory: Directory) -> None:
    counts = []
    for number in range(3):
        await directory.created(f"user{number}@acme.example")
        with directory.control.statements() as seen:
            await directory.client.get("/Users")
        counts.append(len(seen))
    assert len(set(counts)) == 1


async def test_only_some_attributes(directory: Directory) -> None:
    user = await directory.created("ana@acme.example", displayName="Ana")
    some = (await directory.client.get(f"/Users/{user['id']}", params={"attributes": "userName"})).json()
    assert set(some) == {"schemas", "id", "userName"}
    less = (await directory.client.get("/Users", params={"excludedAttributes": "emails,meta"})).json()["Resources"]
    assert all("emails" not in one and "meta" not in one for one in less)


@pytest.mark.parametrize(
    "expression",
    [
        "userName",
        'userName sw "a"',
        'userName eq "a" and active eq true',
        "active eq true",
        'title eq "x"',
        "((",
        "userName eq 1",
    ],
)
async def test_filters_that_we_do_not_know(directory: Directory, expression: str) -> None:
    answer = await directory.client.get("/Users", params={"filter": expression})
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidFilter")


@pytest.mark.parametrize(
    ("body", "scim_type"),
    [
        (b"", "invalidSyntax"),
        (b"{", "invalidSyntax"),
        (b"[]", "invalidSyntax"),
        (b"[" * 100_000, "invalidSyntax"),
        (b"{}", "invalidValue"),
        (b'{"userName": ""}', "invalidValue"),
        (b'{"userName": "not an address"}', "invalidValue"),
        (b'{"userName": "ana@acme.example", "active": "maybe"}', "invalidValue"),
        (b'{"userName": "ana\\u0000@acme.example"}', "invalidValue"),
        (b'{"userName": "ana@acme.example", "displayName": "\\u0000"}', "invalidValue"),
        (b'{"userName": "ana@acme.example", "externalId": "\\ud800"}', "invalidValue"),
        (b'{"userName": "ana@acme.example", "emails": "x"}', "invalidValue"),
    ],
)
async def test_bodies_that_make_no_sense(directory: Directory, body: bytes, scim_type: str) -> None:
    before = await directory.members()
    answer = await directory.client.post("/Users", content=body)
    assert (answer.status_code, answer.json().get("scimType")) == (400, scim_type), answer.text
    assert await directory.members() == before


async def test_a_body_that_is_too_long(directory: Directory) -> None:
    answer = await directory.client.post("/Users", content=b" " * 300_000)
    assert (answer.status_code, answer.json()["status"]) == (413, "413")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/Groups", 404),
        ("POST", "/Bulk", 404),
        ("GET", "/Users/x/y", 404),
        ("GET", "/Schemas/nothing", 404),
        ("DELETE", "/Users", 405),
        ("POST", "/Schemas", 405),
        ("PUT", "/ServiceProviderConfig", 405),
    ],
)
async def test_paths_and_methods_that_are_not_there(directory: Directory, method: str, path: str, status: int) -> None:
    answer = await directory.client.request(method, path)
    assert (answer.status_code, answer.json()["status"]) == (status, str(status))
    assert answer.headers["content-type"] == "application/scim+json"


async def test_a_user_name_is_taken_once(directory: Directory) -> None:
    await directory.created("Ana", emails=[{"value": "ana@acme.example"}])
    bob = await directory.created("bob", emails=[{"value": "bob@acme.example"}])
    for user_name in ("ana", "ANA", "boss@acme.example"):
        answer = await directory.create(user_name, emails=[{"value": "x@acme.example"}])
        assert (answer.status_code, answer.json()["scimType"]) == (409, "uniqueness")
        renamed = await directory.patch(bob["id"], {"op": "replace", "path": "userName", "value": user_name})
        assert renamed.status_code == 409
    assert (await directory.patch(bob["id"], {"op": "replace", "path": "userName", "value": "BOB"})).status_code == 200


async def test_two_that_come_at_once_are_one(directory: Directory) -> None:
    answers = await asyncio.gather(*(directory.create("ana@acme.example") for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert {answer.json()["status"] for answer in answers if answer.status_code != 201} == {"409"}


async def test_patches_at_once_are_all_kept(directory: Directory) -> None:
    user = await directory.created("ana@acme.example")
    changes = {"displayName": "A", "name.givenName": "B", "name.familyName": "C", "externalId": "D"}
    answers = await asyncio.gather(
        *(
            directory.patch(user["id"], {"op": "replace", "path": path, "value": value})
            for path, value in changes.items()
        )
    )
    assert {answer.status_code for answer in answers} == {200}
    kept = (await directory.client.get(f"/Users/{user['id']}")).json()
    assert (kept["displayName"], kept["name"], kept["externalId"]) == ("A", {"givenName": "B", "familyName": "C"}, "D")


async def test_the_plan_has_room_for_so_many(directory: Directory) -> None:
    await directory.control.execute("update tenants set plan = 'free', plan_version = 1")
    for number in range(2):
        await directory.created(f"u{number}@acme.example")
    answer = await directory.create("one.more@acme.example")
    assert (answer.status_code, answer.json()["status"]) == (402, "402")


async def test_what_a_directory_did_is_in_the_audit_log(directory: Directory) -> None:
    user = await directory.created("ana@acme.example")
    await directory.client.delete(f"/Users/{user['id']}")
    rows = await directory.control.sql(
        "select body ->> 'change', body ->> 'user_id', actor from events where kind = 'scim.user_changed' order by id"
    )
    assert [tuple(row) for row in rows] == [
        ("created", user["id"], "scim:acme"),
        ("deleted", user["id"], "scim:acme"),
    ]


async def test_guessing_tokens_is_slow(directory: Directory) -> None:
    statuses = [
        (await directory.client.get("/Users", headers=bearer(uuid.uuid4().hex))).status_code
        for _ in range(202)  # a new minute may begin among them: one of the two has more than a hundred
    ]
    assert statuses[0] == 401
    assert set(statuses) == {401, 429}
    assert (await directory.client.get("/Users")).status_code == 200
