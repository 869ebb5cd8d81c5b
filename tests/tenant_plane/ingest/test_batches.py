"""Many at once: large bodies, many clients, two processes, and a database that picks a victim."""

import asyncio
from typing import Any

import asyncpg
import httpx

from shared.tx import Tenant
from tests.support.tenant_plane import Plane, data, fired, generic_alert, incident_of, running_plane, until

CLIENTS = 20
REPEATS = 3


async def test_four_hundred_alerts_in_one_body(admin: httpx.AsyncClient) -> None:
    body = [generic_alert(title=f"Alert {n}", service=f"service-{n % 4}") for n in range(400)]
    answer = data(await admin.post("/api/webhook", json=body))
    assert [outcome["change"] for outcome in answer["alerts"]] == ["fired"] * 400
    assert len({outcome["alert_id"] for outcome in answer["alerts"]}) == 400
    references = [outcome["incident_reference"] for outcome in answer["alerts"]]
    assert references == [f"INC-{n % 4 + 1:08d}" for n in range(400)]
    listed = data(await admin.get("/api/incidents?sort=newest"))["items"]
    assert [(i["reference"], i["alert_count"], i["firing_count"]) for i in listed] == [
        (f"INC-{n:08d}", 100, 100) for n in (4, 3, 2, 1)
    ]
    assert data(await admin.get("/api/alerts?status=firing"))["total"] == 400
    ends = [{**alert, "status": "resolved"} for alert in body]
    answer = data(await admin.post("/api/webhook", json=ends))
    assert [outcome["change"] for outcome in answer["alerts"]] == ["resolved"] * 400
    assert {i["status"] for i in data(await admin.get("/api/incidents"))["items"]} == {"resolved"}


async def test_the_same_alert_from_many_clients_is_one_alert_and_one_incident(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient
) -> None:
    clients = [plane.client(tenant, "operator") for _ in range(CLIENTS)]
    posts = [client.post("/api/webhook", json=generic_alert()) for client in clients for _ in range(REPEATS)]
    answers = [data(response) for response in await asyncio.gather(*posts)]
    await asyncio.gather(*(client.aclose() for client in clients))
    changes = sorted(answer["alerts"][0]["change"] for answer in answers)
    assert changes == ["fired", *["repeated"] * (CLIENTS * REPEATS - 1)]
    assert {answer["incident_reference"] for answer in answers} == {"INC-00000001"}
    alerts = data(await admin.get("/api/alerts"))
    assert (alerts["total"], alerts["items"][0]["occurrences"]) == (1, CLIENTS * REPEATS)
    events = data(await admin.get(f"/api/alerts/{alerts['items'][0]['id']}/events"))
    assert events["total"] == CLIENTS * REPEATS
    assert data(await admin.get("/api/incidents"))["total"] == 1


async def test_each_of_many_requests_hears_of_its_own_alerts(admin: httpx.AsyncClient) -> None:
    posts = [fired(admin, title=f"Alert {n}", service=f"service-{n}", labels={"n": str(n)}) for n in range(30)]
    answers = await asyncio.gather(*posts)
    for number, answer in enumerate(answers):
        alert = data(await admin.get(f"/api/alerts/{answer['alerts'][0]['alert_id']}"))
        assert (alert["name"], alert["labels"]["n"]) == (f"Alert {number}", str(number))
        incident = await incident_of(admin, answer["incident_id"])
        assert (incident["title"], incident["reference"]) == (f"Alert {number}", answer["incident_reference"])
    assert len({answer["incident_reference"] for answer in answers}) == 30


async def test_two_processes_open_one_incident(admin_url: str, plane: Plane, tenant: Tenant) -> None:
    async with running_plane(admin_url, issuer=plane.issuer) as other:
        first, second = plane.client(tenant), other.client(tenant)
        async with first, second:
            posts = [fired(client, title=f"Alert {n}") for n in range(10) for client in (first, second)]
            answers = await asyncio.gather(*posts)
            incidents = data(await first.get("/api/incidents"))
            alerts = data(await second.get("/api/alerts"))
    assert {answer["incident_reference"] for answer in answers} == {"INC-00000001"}
    assert (incidents["total"], incidents["items"][0]["alert_count"], incidents["items"][0]["firing_count"]) == (
        1,
        10,
        10,
    )
    assert (alerts["total"], {alert["occurrences"] for alert in alerts["items"]}) == (10, {2})


async def test_alerts_that_lose_a_deadlock_are_written_all_the_same(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient
) -> None:
    """Somebody holds the incident and wants the alert; ingestion holds the alert and wants the incident."""
    answer = await fired(admin)
    somebody = await asyncpg.connect(plane.owner_url, server_settings={"search_path": tenant.schema})
    await somebody.execute("set deadlock_timeout = '60s'")  # so that ingestion is the one that gives up
    async with somebody.transaction():
        await somebody.execute("select 1 from incidents for update")
        resolving = asyncio.create_task(admin.post("/api/webhook", json=generic_alert(status="resolved")))
        await until(lambda: ingestion_waits(plane, tenant))
        await somebody.execute("select 1 from alerts for update")
    await somebody.close()
    response = await resolving
    assert data(response)["alerts"][0]["change"] == "resolved"
    assert (await incident_of(admin, answer["incident_reference"]))["status"] == "resolved"
    assert data(await admin.get("/api/webhook/dead-letter"))["total"] == 0


async def ingestion_waits(plane: Plane, tenant: Tenant) -> Any:
    rows = await plane.rows(
        tenant,
        "select 1 from pg_stat_activity where wait_event_type = 'Lock' and usename = 'opsplane_app'"
        " and query like '%from incidents%'",
    )
    return rows or None


async def test_one_request_that_cannot_be_stored_does_not_cost_its_neighbours_theirs(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient
) -> None:
    await plane.rows(tenant, "alter table alerts add constraint poison check (name <> 'poison')")
    names = [*(f"Alert {n}" for n in range(10)), "poison", *(f"Alert {n}" for n in range(10, 20))]
    posts = [admin.post("/api/webhook", json=generic_alert(title=name)) for name in names]
    answers = dict(zip(names, await asyncio.gather(*posts), strict=True))
    bad = data(answers.pop("poison"), 202)
    assert (bad["ok"], bad["error"]) == (False, "CheckViolationError while storing it")
    assert [data(answer)["alerts"][0]["change"] for answer in answers.values()] == ["fired"] * 20
    assert data(await admin.get("/api/alerts"))["total"] == 20
    assert (await incident_of(admin, "INC-1"))["firing_count"] == 20
    letters = data(await admin.get("/api/webhook/dead-letter"))["items"]
    assert [(letter["id"], letter["payload"]) for letter in letters] == [
        (bad["dead_letter_id"], generic_alert(title="poison"))
    ]
    await plane.rows(tenant, "alter table alerts drop constraint poison")
    assert data(await admin.post(f"/api/webhook/dead-letter/{bad['dead_letter_id']}/replay"))["ok"] is True


async def test_a_long_group_of_the_senders_in_any_script_is_stored(admin: httpx.AsyncClient) -> None:
    """The longest key that a sender may group by, from characters that take most bytes and can't be compressed."""
    group = "".join(chr(0x20000 + n * 7919 % 40_000) for n in range(5000))
    body = {"groupKey": group, "alerts": [{"labels": {"alertname": "Down", "pod": pod}} for pod in "ab"]}
    answer = data(await admin.post("/api/webhook", json=body, headers={"x-source": "alertmanager"}))
    assert [outcome["rule"] for outcome in answer["alerts"]] == ["same_sender_group"] * 2


async def test_a_body_with_more_alerts_than_can_ever_wait_is_kept_and_not_asked_for_again(
    admin: httpx.AsyncClient,
) -> None:
    response = await admin.post("/api/webhook", content=b"[" + b",".join([b'{"title":"a"}'] * 20_001) + b"]")
    answer = data(response, 202)
    assert answer["error"] == "20,001 alerts in one body; 20,000 are possible"
    assert data(await admin.get("/api/alerts"))["total"] == 0
