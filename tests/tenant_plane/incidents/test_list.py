"""Lists of incidents: filters, sort orders, three styles of pages, stable while rows arrive."""

import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.tx import Tenant
from tests.support.tenant_plane import Plane, data, fields_of, opened, refused

STORY: list[dict[str, Any]] = [
    {"title": "Checkout down", "severity": "critical", "service": "checkout", "source": "phone"},
    {"title": "Disk at 100%", "severity": "low", "service": "db", "description": "sda_1 is full"},
    {"title": "Login slow", "severity": "high", "service": "auth", "assignee": "ana@acme.example"},
    {"title": "Search_index stale", "severity": "medium", "service": "search"},
    {"title": "Certificate ends", "severity": "info", "service": "Checkout", "assignee": "bo@acme.example"},
    {"title": "Queue is long", "severity": "high", "service": "db, replica"},
]
"""INC-1 … INC-6; 3 is acknowledged, 4 resolved, 5 closed, 6 reopened."""


@pytest_asyncio.fixture(scope="module")
async def storied(plane: Plane) -> AsyncIterator[httpx.AsyncClient]:
    tenant = await plane.new_tenant()
    async with plane.client(tenant, "operator") as client:
        for fields in STORY:
            await opened(client, **fields)
        await client.post("/api/incidents/INC-3/acknowledge", json={})
        for number in (4, 5, 6):
            await client.post(f"/api/incidents/INC-{number}/resolve", json={})
        await client.patch("/api/incidents/INC-5", json={"status": "closed"})
        await client.patch("/api/incidents/INC-6", json={"status": "reopened"})
        yield client


def numbers(page: dict[str, Any]) -> list[int]:
    return [int(item["reference"].removeprefix("INC-")) for item in page["items"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, {1, 2, 3, 4, 5, 6}),
        ({"status": "triggered"}, {1, 2}),
        ({"status": "resolved,closed"}, {4, 5}),
        ({"status": ["resolved", "closed"]}, {4, 5}),
        ({"status": ""}, {1, 2, 3, 4, 5, 6}),
        ({"state": "open"}, {1, 2, 6}),
        ({"state": "acknowledged"}, {3}),
        ({"state": "resolved"}, {4, 5}),
        ({"state": "active"}, {1, 2, 3, 6}),
        ({"severity": "critical"}, {1}),
        ({"severity": "P1"}, {1}),
        ({"severity": "SEV1"}, {1}),
        ({"severity": "critical,P2,sev-3"}, {1, 3, 4, 6}),
        ({"service": "checkout"}, {1}),
        ({"service": "checkout,db"}, {1, 2}),
        ({"service": "check"}, set()),
        ({"source": "phone"}, {1}),
        ({"source": "manual"}, {2, 3, 4, 5, 6}),
        ({"assignee": "ana@acme.example"}, {3}),
        ({"assignee": "ana@acme.example,bo@acme.example"}, {3, 5}),
        ({"q": "checkout"}, {1, 5}),
        ({"q": "CHECKOUT down"}, {1}),
        ({"q": "down checkout"}, {1}),
        ({"q": "full"}, {2}),
        ({"q": "%"}, {2}),
        ({"q": "100%"}, {2}),
        ({"q": "_"}, {2, 4}),
        ({"q": "search_"}, {4}),
        ({"q": "\\"}, set()),
        ({"q": "'"}, set()),
        ({"q": "INC-00000003"}, {3}),
        ({"q": "inc-3"}, {3}),
        ({"q": "inc-3 login"}, {3}),
        ({"q": "inc-3 disk"}, set()),
        ({"q": "   "}, {1, 2, 3, 4, 5, 6}),
        ({"q": "nothing like it"}, set()),
        ({"state": "open", "severity": "high"}, {6}),
        ({"state": "open", "status": "acknowledged"}, set()),
    ],
    ids=str,
)
async def test_filters(storied: httpx.AsyncClient, query: dict[str, Any], found: set[int]) -> None:
    page = data(await storied.get("/api/incidents", params=query))
    assert set(numbers(page)) == found
    assert page["total"] == len(found)


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("attention", [1, 6, 2, 3, 4, 5]),
        ("newest", [6, 5, 4, 3, 2, 1]),
        ("updated", [6, 5, 4, 3, 2, 1]),
    ],
)
async def test_sort_orders_page_by_page(storied: httpx.AsyncClient, sort: str, order: list[int]) -> None:
    assert numbers(data(await storied.get(f"/api/incidents?sort={sort}"))) == order
    seen: list[int] = []
    cursor: str | None = ""
    for _ in range(3):
        page = data(await storied.get(f"/api/incidents?sort={sort}&limit=2&cursor={cursor}"))
        seen, cursor = seen + numbers(page), page["next_cursor"]
        assert (len(page["items"]), page["total"], page["limit"], page["offset"]) == (2, 6, 2, 0)
    assert (seen, cursor) == (order, None)


async def test_three_styles_of_pages_show_the_same(storied: httpx.AsyncClient) -> None:
    first = data(await storied.get("/api/incidents?sort=newest&limit=2"))
    by_offset = data(await storied.get("/api/incidents?sort=newest&limit=2&offset=2"))
    by_page = data(await storied.get("/api/incidents?sort=newest&page=2&pageSize=2"))
    by_cursor = data(await storied.get(f"/api/incidents?sort=newest&limit=2&cursor={first['next_cursor']}"))
    by_token = data(await storied.get(f"/api/incidents?sort=newest&limit=2&page_token={first['next_cursor']}"))
    assert [numbers(page) for page in (by_offset, by_page, by_cursor, by_token)] == [[4, 3]] * 4
    assert [page["offset"] for page in (by_offset, by_page, by_cursor, by_token)] == [2, 2, 0, 0]
    assert len({page["next_cursor"] for page in (by_offset, by_page, by_cursor, by_token)}) == 1


async def test_pages_that_lie_behind_the_end(storied: httpx.AsyncClient) -> None:
    for query in (
        "offset=6",
        "offset=1000000",
        "page=4&pageSize=2",
        "page=1000000&pageSize=1000",
        "page=1000000&limit=5000",
    ):
        page = data(await storied.get(f"/api/incidents?{query}"))
        assert (page["items"], page["total"], page["next_cursor"]) == ([], 6, None)


async def test_how_many_stand_on_a_page_that_does_not_say(storied: httpx.AsyncClient) -> None:
    assert [
        data(await storied.get(f"/api/incidents?{query}"))["limit"]
        for query in ("", "page=1", "limit=5000", "pageSize=7")
    ] == [50, 20, 5000, 7]


async def test_cursors_are_stable_while_rows_arrive(admin: httpx.AsyncClient) -> None:
    for number in range(1, 7):
        await opened(admin, title=f"Incident {number}")
    for sort in ("newest", "attention"):
        first = data(await admin.get(f"/api/incidents?sort={sort}&limit=3"))
        newest = numbers(first)[0]
        await opened(admin, title="In between")
        second = data(await admin.get(f"/api/incidents?sort={sort}&limit=3&cursor={first['next_cursor']}"))
        assert numbers(first) + numbers(second) == [newest - n for n in range(6)]
        assert second["total"] == first["total"] + 1


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=sleeping", "query.status.0"),
        ("status=open,sleeping", "query.status.1"),
        ("severity=urgent", "query.severity.0"),
        ("state=sleeping", "query.state"),
        ("sort=random", "query.sort"),
        ("limit=0", "query.limit"),
        ("limit=5001", "query.limit"),
        ("limit=many", "query.limit"),
        ("offset=-1", "query.offset"),
        ("offset=1000001", "query.offset"),
        ("page=0", "query.page"),
        ("pageSize=0", "query.pageSize"),
        ("q=" + "x" * 201, "query.q"),
        ("q=%00", "query.q"),
        ("service=%00", "query.service.0"),
        ("cursor=" + "x" * 501, "query.cursor"),
        ("cursor=nonsense", "query.cursor"),
        ("colour=red", "query.colour"),
        ("Status=open", "query.Status"),
    ],
)
async def test_a_query_that_is_not_one(storied: httpx.AsyncClient, query: str, field: str) -> None:
    error = refused(await storied.get(f"/api/incidents?{query}"), 422, "VALIDATION_ERROR")
    assert fields_of(error) == [field]


def cursor(*values: Any) -> str:
    return urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


ODD = [
    cursor(1),
    cursor(1, 2, 3, 4),
    cursor("1", "2", "3"),
    cursor(1.5, 2, 3),
    cursor(True, True, True),
    cursor(None, None, None),
    cursor([1], {}, 3),
    cursor(10**30, 1, 1),
    cursor(1, 1, -(10**12)),
    cursor(1, 1, 2**31),
    cursor("2026-04-01", "01a212e8-8323-71c8-bcda-f95b377e5059"),
    cursor("2026-04-01T18:00:00", "01a212e8-8323-71c8-bcda-f95b377e5059"),
    cursor("0001-01-01T00:00:00+14:00", "01a212e8-8323-71c8-bcda-f95b377e5059"),
    cursor("9999-12-31T23:59:59-14:00", "01a212e8-8323-71c8-bcda-f95b377e5059"),
    cursor("now", "then"),
    cursor("2026-04-01T18:00:00+00:00", "a\x00b"),
    cursor("2026-04-01T18:00:00+00:00", "\ud800"),
    cursor(2**63),
    cursor(-(2**63) - 1),
    urlsafe_b64encode(b"[" * 300).decode(),
    urlsafe_b64encode(b"\xff\xfe").decode(),
    "====",
    "é",
    "🙂",
]
LISTS = [
    "/api/incidents?sort=attention",
    "/api/incidents?sort=newest",
    "/api/incidents?sort=updated",
    "/api/incidents/INC-1/timeline?limit=5",
    "/api/incidents/INC-1/alerts?limit=5",
    "/api/alerts?limit=5",
    "/api/webhook/dead-letter?limit=5",
]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("odd", ODD)
async def test_a_cursor_that_is_not_ours_is_no_crash(storied: httpx.AsyncClient, path: str, odd: str) -> None:
    response = await storied.get(f"{path}&{urlencode({'cursor': odd})}")
    assert response.status_code in {200, 422}, response.text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10) | st.datetimes().map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)


@given(values=st.lists(JSON, min_size=1, max_size=3), path=st.sampled_from(LISTS))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_cursor_is_a_crash(storied: httpx.AsyncClient, values: list[Any], path: str) -> None:
    response = await storied.get(f"{path}&{urlencode({'cursor': cursor(*values)})}")
    assert response.status_code in {200, 422}, response.text


async def test_another_tenants_list_has_nothing_of_it(plane: Plane, storied: httpx.AsyncClient, tenant: Tenant) -> None:
    assert data(await storied.get("/api/incidents"))["total"] == 6
    async with plane.client(tenant, "viewer") as stranger:
        assert data(await stranger.get("/api/incidents?q=Checkout"))["total"] == 0
