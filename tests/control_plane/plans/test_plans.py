import asyncio
from typing import Any

import pytest

from tests.control_plane.support import ControlPlane

LIMITS = {
    "users": 5,
    "api_keys": 5,
    "events_per_month": None,
    "incidents_per_month": 10,
    "integrations": 1,
    "retention_days": 30,
}


async def test_the_catalogue(control: ControlPlane) -> None:
    headers = await control.super_admin()
    data = (await control.client.get("/api/plans", headers=headers)).json()["data"]
    assert [(plan["name"], plan["version"]) for plan in data["items"]] == [("free", 2), ("pro", 2), ("enterprise", 2)]
    assert data["items"][0]["limits"] == {
        "users": 3,
        "api_keys": 2,
        "events_per_month": 10_000,
        "incidents_per_month": 50,
        "integrations": 3,
        "retention_days": 7,
        "requests_per_minute": {"viewer": 100, "operator": 500, "admin": 1000},
    }
    assert [(plan["placement"], plan["price_cents"], plan["currency"]) for plan in data["items"]] == [
        ("shared", 0, "usd"),
        ("shared", 9900, "usd"),
        ("shared", None, None),
    ]
    assert (data["total"], data["limit"], data["offset"], data["next_cursor"]) == (3, 50, 0, None)


async def test_the_first_versions_stay_what_was_sold(control: ControlPlane) -> None:
    headers = await control.super_admin()
    data = (await control.client.get("/api/plans/pro", headers=headers)).json()["data"]
    assert [plan["version"] for plan in data["items"]] == [2, 1]
    first = data["items"][1]
    assert (first["limits"]["users"], first["limits"]["integrations"], first["price_cents"]) == (50, None, None)


async def test_versions_page_by_page(control: ControlPlane) -> None:
    headers = await control.super_admin()
    first = (await control.client.get("/api/plans/pro?limit=1", headers=headers)).json()["data"]
    rest = await control.client.get(f"/api/plans/pro?limit=1&cursor={first['next_cursor']}", headers=headers)
    second = rest.json()["data"]
    assert [page["items"][0]["version"] for page in (first, second)] == [2, 1]
    assert (second["total"], second["next_cursor"]) == (2, None)


async def test_a_plan_that_is_none(control: ControlPlane) -> None:
    headers = await control.super_admin()
    answer = await control.client.get("/api/plans/platinum", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


async def test_a_new_plan_is_the_last_and_a_new_version_keeps_its_place(control: ControlPlane) -> None:
    headers = await control.super_admin()
    made = await control.client.post("/api/plans", json={"name": "team", "limits": LIMITS}, headers=headers)
    body = {"name": "team", "limits": {**LIMITS, "users": 7}, "price_cents": 500, "currency": "eur"}
    again = await control.client.post("/api/plans", json=body, headers=headers)
    assert (made.status_code, again.status_code) == (201, 201), again.text
    first, second = made.json()["data"], again.json()["data"]
    assert [(plan["version"], plan["rank"], plan["limits"]["users"]) for plan in (first, second)] == [
        (1, 4, 5),
        (2, 4, 7),
    ]
    assert (second["price_cents"], second["currency"], second["placement"]) == (500, "eur", "shared")
    listed = (await control.client.get("/api/plans", headers=headers)).json()["data"]["items"]
    assert listed[-1] == second
    events = await control.sql("select body from events where kind = 'plan.version_created' order by id")
    assert [(row.body["before"] or {}).get("version") for row in events] == [None, 1]
    assert events[1].body["after"]["limits"]["users"] == 7


async def test_tenants_keep_the_version_they_have(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await control.add_tenant("acme")
    await control.client.post("/api/plans", json={"name": "pro", "limits": LIMITS}, headers=headers)
    assert await control.sql("select plan, plan_version from tenants") == [("pro", 2)]
    await control.add_tenant("globex")
    assert await control.sql("select plan_version from tenants where tenant_id = 'globex'") == [(3,)]


async def test_two_new_versions_at_once_are_two(control: ControlPlane) -> None:
    headers = await control.super_admin()
    answers = await asyncio.gather(
        *(control.client.post("/api/plans", json={"name": "pro", "limits": LIMITS}, headers=headers) for _ in range(4))
    )
    assert sorted(answer.json()["data"]["version"] for answer in answers) == [3, 4, 5, 6]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "Pro"}, "body.name"),
        ({"name": "x"}, "body.name"),
        ({"limits": {}}, "body.limits.users"),
        ({"limits": {**LIMITS, "users": 0}}, "body.limits.users"),
        ({"limits": {**LIMITS, "events": 1}}, "body.limits.events"),
        ({"limits": {**LIMITS, "retention_days": 0}}, "body.limits.retention_days"),
        ({"limits": {**LIMITS, "requests_per_minute": {"viewer": 0}}}, "body.limits.requests_per_minute.viewer"),
        ({"placement": "moon"}, "body.placement"),
        ({"price_cents": 5}, "body"),
        ({"price_cents": -5, "currency": "usd"}, "body.price_cents"),
        ({"price_cents": 5, "currency": "USD"}, "body.currency"),
        ({"stripe_price_lookup_key": "x"}, "body"),
        ({"version": 9}, "body.version"),
    ],
)
async def test_what_is_wrong_is_named_and_nothing_is_made(
    control: ControlPlane, change: dict[str, Any], field: str
) -> None:
    headers = await control.super_admin()
    answer = await control.client.post("/api/plans", json={"name": "pro", "limits": LIMITS, **change}, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert await control.sql("select count(*) from plans") == [(6,)]


async def test_the_catalogue_page_by_page(control: ControlPlane) -> None:
    headers = await control.super_admin()
    names, cursor = [], None
    for _ in range(3):
        query = {"limit": "1"} if cursor is None else {"limit": "1", "cursor": cursor}
        data = (await control.client.get("/api/plans", params=query, headers=headers)).json()["data"]
        names += [plan["name"] for plan in data["items"]]
        cursor = data["next_cursor"]
    assert (names, cursor) == (["free", "pro", "enterprise"], None)


@pytest.mark.parametrize(
    "cursor", ["x", "WzFd", "WyJhIiwiYiJd", "Wzk5OTk5OTk5OTk5OSwiYSJd", "WzEsIlx1MDAwMCJd", "WzEsIlx1ZDgwMCJd"]
)
async def test_a_cursor_that_is_none(control: ControlPlane, cursor: str) -> None:
    headers = await control.super_admin()
    answer = await control.client.get("/api/plans", params={"cursor": cursor}, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "query.cursor")
