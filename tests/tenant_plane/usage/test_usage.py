"""What is counted, what it is shown against, and who is refused when a plan has no room."""

import asyncio
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest

from shared.contracts.tenants import Standing
from shared.tx import Tenant
from tenant_plane.usage.rules import Limit, first_of_month, next_month, resets_at
from tests.support.tenant_plane import Plane, asked, data, fired, generic_alert, graph_errors, opened, refused

USAGE = "{ usage { plan standing held requests retentionDays limits { name used limit over resetsAt } } }"


async def used(client: httpx.AsyncClient) -> dict[str, tuple[int, int | None, bool]]:
    limits = data(await client.get("/api/usage"))["limits"]
    return {limit["name"]: (limit["used"], limit["limit"], limit["over"]) for limit in limits}


async def days(plane: Plane, tenant: Tenant) -> list[tuple[str, date, int]]:
    rows = await plane.rows(tenant, "select metric, day, amount from usage_days order by metric, day")
    return [(row["metric"], row["day"], row["amount"]) for row in rows]


@pytest.mark.parametrize(
    ("now", "first", "again"),
    [
        (datetime(2026, 4, 30, 23, 59, tzinfo=UTC), date(2026, 4, 1), datetime(2026, 5, 1, tzinfo=UTC)),
        (datetime(2026, 12, 31, 1, tzinfo=UTC), date(2026, 12, 1), datetime(2027, 1, 1, tzinfo=UTC)),
        (datetime.fromisoformat("2026-05-01T01:00+02:00"), date(2026, 4, 1), datetime(2026, 5, 1, tzinfo=UTC)),
    ],
)
def test_months_are_calendar_months_in_utc(now: datetime, first: date, again: datetime) -> None:
    assert (first_of_month(now), next_month(now)) == (first, again)
    assert [resets_at(limit, now) for limit in Limit] == [None, None, again, again]


async def test_events_and_incidents_are_counted_in_the_commit_that_makes_them(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient
) -> None:
    await plane.set_wanted(
        tenant, events_per_month=10, incidents_per_month=9, api_keys=5, integrations=2, retention_days=30
    )
    await admin.post("/api/webhook", json=[generic_alert(title=f"A{n}", service=f"s{n}") for n in range(3)])
    await fired(admin, title="A0", service="s0")
    await opened(admin)
    await admin.post("/api/webhook", content=b"not json")
    await admin.post("/api/apikeys", json={"name": "ci", "scope": "viewer"})
    for name in ("prometheus", "grafana"):
        await admin.post("/api/apikeys", json={"name": name, "scope": "ingestion"})
    incidents = data(await admin.get("/api/incidents"))["total"]
    assert await used(admin) == {
        "events_per_month": (4, 10, False),
        "incidents_per_month": (incidents, 9, False),
        "api_keys": (1, 5, False),
        "integrations": (2, 2, False),
    }
    today = datetime.now(UTC).date()
    assert await days(plane, tenant) == [("events", today, 4), ("incidents", today, incidents)]


async def test_both_doors_show_the_same(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient) -> None:
    await plane.set_wanted(tenant, events_per_month=10, retention_days=30)
    await fired(admin)
    rest = data(await admin.get("/api/usage"))
    graph = (await asked(admin, USAGE))["usage"]
    assert (graph["plan"], graph["retentionDays"], graph["held"]) == (
        rest["plan"],
        rest["retention_days"],
        rest["held"],
    )
    assert [(limit["used"], limit["limit"], limit["over"], limit["resetsAt"]) for limit in graph["limits"]] == [
        (limit["used"], limit["limit"], limit["over"], limit["resets_at"]) for limit in rest["limits"]
    ]
    assert rest["tenant_id"] == tenant.id
    assert rest["requests_per_minute"] == {"viewer": 100, "operator": 500, "admin": 1000}


@pytest.mark.parametrize(
    ("scope", "limit", "words"),
    [
        ("viewer", "api_keys", "active API keys besides ingestion keys"),
        ("ingestion", "integrations", "active ingestion keys"),
    ],
)
async def test_a_key_too_many_is_refused_until_one_is_revoked_or_ends(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, scope: str, limit: str, words: str
) -> None:
    await plane.set_wanted(tenant, Standing.ACTIVE, **{limit: 2})
    body = {"name": "ci", "scope": scope}
    ends = (plane.clock().replace(microsecond=0)).timestamp() + 3600
    first = data(await admin.post("/api/apikeys", json=body), 201)
    await admin.post("/api/apikeys", json={**body, "expires_at": datetime.fromtimestamp(ends, UTC).isoformat()})
    for door in ("/api/apikeys", "/api/api-keys"):
        async with plane.unchanged(tenant):
            error = refused(await admin.post(door, json=body), 402, "QUOTA_EXCEEDED")
        assert error["detail"] == f"The plan pro allows 2 {words} ({limit}); 2 are used."
    await admin.delete(f"/api/apikeys/{first['key_id']}")
    data(await admin.post("/api/apikeys", json=body), 201)
    refused(await admin.post("/api/apikeys", json=body), 402, "QUOTA_EXCEEDED")
    plane.clock.forward(hours=2)
    data(await admin.post("/api/apikeys", json=body), 201)


async def test_senders_keys_and_others_do_not_take_each_others_places(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient
) -> None:
    await plane.set_wanted(tenant, api_keys=1, integrations=1)
    for scope in ("operator", "ingestion"):
        data(await admin.post("/api/apikeys", json={"name": "first", "scope": scope}), 201)
    async with plane.unchanged(tenant):
        for scope in ("viewer", "operator", "admin", "ingestion"):
            refused(await admin.post("/api/apikeys", json={"name": "x", "scope": scope}), 402, "QUOTA_EXCEEDED")
    await plane.set_wanted(tenant, api_keys=0, integrations=2)  # beyond a limit nothing is taken away, only not added
    data(await admin.post("/api/apikeys", json={"name": "second", "scope": "ingestion"}), 201)
    refused(await admin.post("/api/apikeys", json={"name": "x", "scope": "viewer"}), 402, "QUOTA_EXCEEDED")
    levels = {name: shown for name, shown in (await used(admin)).items() if name in ("api_keys", "integrations")}
    assert levels == {"api_keys": (1, 0, True), "integrations": (2, 2, False)}


async def test_an_incident_too_many_is_refused_until_the_month_is_over(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient
) -> None:
    await plane.set_wanted(tenant, incidents_per_month=2)
    await opened(admin)
    await opened(admin)
    again = next_month(plane.clock())
    async with plane.unchanged(tenant):
        body = {"title": "x", "severity": "low"}
        error = refused(await admin.post("/api/incidents", json=body), 402, "QUOTA_EXCEEDED")
        (graph,) = await graph_errors(admin, 'mutation { createIncident(input: {title: "x", severity: LOW}) { id } }')
    assert error["detail"] == (
        "The plan pro allows 2 incidents a month (incidents_per_month); 2 are used."
        f" It starts again at {again:%Y-%m-%d}T00:00:00.000Z."
    )
    assert (graph["extensions"]["code"], graph["message"]) == ("QUOTA_EXCEEDED", error["detail"])
    plane.clock.ahead = again - datetime.now(UTC)
    plane.clock.forward(minutes=1)
    await opened(admin)
    assert (await used(admin))["incidents_per_month"] == (1, 2, False)


async def test_an_outage_is_never_hidden_by_a_plan(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient) -> None:
    await plane.set_wanted(tenant, incidents_per_month=1)
    for number in range(3):
        answer = await fired(admin, title=f"A{number}", service=f"s{number}", namespace=f"n{number}")
        assert answer["incident_id"] is not None
    incidents = data(await admin.get("/api/incidents"))["total"]
    assert incidents > 1
    assert (await used(admin))["incidents_per_month"] == (incidents, 1, True)
    refused(await admin.post("/api/incidents", json={"title": "x", "severity": "low"}), 402, "QUOTA_EXCEEDED")


@pytest.mark.parametrize(
    ("path", "body", "limit"),
    [
        ("/api/apikeys", {"name": "ci", "scope": "viewer"}, {"api_keys": 3}),
        ("/api/apikeys", {"name": "grafana", "scope": "ingestion"}, {"integrations": 3}),
        ("/api/incidents", {"title": "x", "severity": "low"}, {"incidents_per_month": 3}),
    ],
)
async def test_nobody_squeezes_past_the_last_place(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, path: str, body: dict[str, Any], limit: dict[str, int]
) -> None:
    await plane.set_wanted(tenant, Standing.ACTIVE, **limit)
    answers = await asyncio.gather(*(admin.post(path, json=body) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [402] * 5


async def test_requests_are_counted_in_memory_and_written_by_a_tick(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, viewer: httpx.AsyncClient
) -> None:
    await plane.app.state.requests.save()
    for client in (admin, viewer):
        await client.get("/api/incidents")
        await client.post("/graphql", json={"query": "{ incidents { totalCount } }"})
    await admin.get("/api/incidents/INC-9")  # answered, if only with a 404
    await admin.post("/api/webhook", json=generic_alert())  # senders' requests are events
    with plane.statements() as statements:
        await plane.app.state.requests.save()
    assert sum("insert into usage_days" in sql for sql in statements.seen) == 1
    assert data(await admin.get("/api/usage"))["requests"] == 5
    await plane.app.state.requests.save()
    assert data(await admin.get("/api/usage"))["requests"] == 6
