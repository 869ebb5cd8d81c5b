"""The timeline: notes, order, pages, related incidents; and that nobody can rewrite it."""

import asyncio
from datetime import timedelta

import asyncpg
import httpx
import pytest

from shared.tx import Tenant
from tests.support.tenant_plane import (
    Plane,
    app_url,
    data,
    fired,
    opened,
    refused,
    running_plane,
    timeline_of,
    until,
)

NOTES = "/api/incidents/INC-1/notes"


async def test_a_note(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient) -> None:
    before = await opened(admin)
    note = data(await admin.post(NOTES, json={"text": "Called the data centre.\n<b>No answer</b> 🙂"}), 201)
    assert (note["event_type"], note["actor"], note["actor_kind"], note["incident_id"]) == (
        "note",
        f"admin@{tenant.id}.example",
        "user",
        before["id"],
    )
    assert note["payload"] == {"text": "Called the data centre.\n<b>No answer</b> 🙂", "backdated": False}
    assert note["occurred_at"] == note["created_at"]
    assert (await timeline_of(admin, "INC-1"))[-1] == note
    assert data(await admin.get("/api/incidents/INC-1")) == before


async def test_a_note_set_back_stands_where_it_happened(plane: Plane, admin: httpx.AsyncClient) -> None:
    await opened(admin)
    earlier = (plane.clock() - timedelta(hours=1)).isoformat()
    note = data(await admin.post(NOTES, json={"text": "It began here", "occurred_at": earlier}), 201)
    assert note["payload"]["backdated"] is True
    assert note["occurred_at"] < note["created_at"]
    assert [e["event_type"] for e in await timeline_of(admin, "INC-1")] == ["note", "incident_created"]


async def test_pages_and_kinds_of_entries(admin: httpx.AsyncClient) -> None:
    await opened(admin)
    for number in range(5):
        await admin.post(NOTES, json={"text": str(number)})
    first = data(await admin.get("/api/incidents/INC-1/timeline?event_type=note&limit=3"))
    await admin.post(NOTES, json={"text": "5"})
    second = data(
        await admin.get(f"/api/incidents/INC-1/timeline?event_type=note&limit=3&cursor={first['next_cursor']}")
    )
    texts = [entry["payload"]["text"] for page in (first, second) for entry in page["items"]]
    assert texts == ["0", "1", "2", "3", "4", "5"]
    assert (first["total"], second["total"], second["next_cursor"]) == (5, 6, None)
    both = data(await admin.get("/api/incidents/INC-1/timeline?event_type=note,incident_created&offset=6"))
    assert ([e["payload"] for e in both["items"]], both["total"]) == ([{"text": "5", "backdated": False}], 7)
    assert data(await admin.get("/api/incidents/INC-1/timeline?event_type=nothing"))["items"] == []


@pytest.mark.parametrize(
    "statement",
    [
        "update incident_timeline set actor = 'somebody else'",
        "delete from incident_timeline",
        "truncate incident_timeline",
        "alter table incident_timeline add column x int",
        "drop table incident_timeline",
        "update alert_events set raw = '{}'",
        "delete from alert_events",
        "update events set actor = 'somebody else'",
        "delete from events",
    ],
)
async def test_the_role_that_serves_requests_cannot_rewrite_history(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, statement: str
) -> None:
    await fired(admin)
    connection = await asyncpg.connect(app_url(plane.owner_url))
    await connection.execute("begin")
    await connection.execute(f"set local role {tenant.schema}; set local search_path = {tenant.schema}")
    assert len(await connection.fetch("select id from incident_timeline")) == 2
    async with plane.unchanged(tenant):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
        await connection.close()


async def test_incidents_of_the_same_time_are_noted_once(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient
) -> None:
    first = await opened(admin, title="Database down", environment="production")
    await opened(admin, title="Over already")
    await admin.post("/api/incidents/INC-2/resolve", json={})
    plane.clock.forward(minutes=2)
    third = await opened(admin, title="Checkout down", environment="production")
    plane.clock.forward(minutes=9)
    fourth = await opened(admin, title="Search down")
    for incident in (first, third, fourth):
        await plane.react("incident.triggered", tenant, incident["id"])
    found = {
        reference: [
            e["payload"]["incidents"] for e in await timeline_of(admin, reference) if e["event_type"] == "related"
        ]
        for reference in ("INC-1", "INC-2", "INC-3", "INC-4")
    }
    reasons = {
        reference: [[(i["reference"], i["title"], i["reason"]) for i in incidents] for incidents in entries]
        for reference, entries in found.items()
    }
    assert reasons == {
        "INC-1": [[("INC-00000003", "Checkout down", "began 2 min 0 s later, also in production")]],
        "INC-2": [],
        "INC-3": [
            [
                ("INC-00000001", "Database down", "began 2 min 0 s earlier, also in production"),
                ("INC-00000004", "Search down", "began 9 min 0 s later"),
            ]
        ],
        "INC-4": [[("INC-00000003", "Checkout down", "began 9 min 0 s earlier")]],
    }
    async with plane.unchanged(tenant):
        for incident in (first, third, fourth):
            await plane.react("incident.triggered", tenant, incident["id"])


async def test_another_environments_trouble_is_not_related(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient
) -> None:
    await opened(admin, environment="staging")
    incident = await opened(admin, environment="production")
    async with plane.unchanged(tenant):
        await plane.react("incident.triggered", tenant, incident["id"])


async def test_a_lone_incident_has_nothing_related(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient) -> None:
    incident = await opened(admin)
    async with plane.unchanged(tenant):
        await plane.react("incident.triggered", tenant, incident["id"])


async def test_the_worker_reacts_to_what_any_process_recorded(
    admin_url: str, plane: Plane, tenant: Tenant, admin: httpx.AsyncClient
) -> None:
    """The queue end to end: alert, commit, queued event, reaction in another process."""
    await plane.rows(tenant, "delete from queue.pgqueuer")  # what other tests left there
    await fired(admin, service="a")
    await fired(admin, service="b")

    async def noted() -> bool | None:
        entries = await timeline_of(admin, "INC-1") + await timeline_of(admin, "INC-2")
        return [e["actor"] for e in entries if e["event_type"] == "related"] == ["opsplane", "opsplane"] or None

    async with running_plane(admin_url, issuer=plane.issuer, with_worker=True):
        assert await until(noted, seconds=20)


async def test_notes_written_at_once_are_all_there(admin: httpx.AsyncClient) -> None:
    await opened(admin)
    await asyncio.gather(*(admin.post(NOTES, json={"text": str(n)}) for n in range(20)))
    texts = [e["payload"].get("text") for e in await timeline_of(admin, "INC-1") if e["event_type"] == "note"]
    assert sorted(texts) == sorted(str(n) for n in range(20))


async def test_an_entry_cannot_be_addressed(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient) -> None:
    await opened(admin)
    entry = (await timeline_of(admin, "INC-1"))[0]
    async with plane.unchanged(tenant):
        refused(await admin.delete(f"/api/incidents/INC-1/timeline/{entry['id']}"), 404, "NOT_FOUND")
        refused(await admin.patch("/api/incidents/INC-1/timeline", json={}), 405, "METHOD_NOT_ALLOWED")
