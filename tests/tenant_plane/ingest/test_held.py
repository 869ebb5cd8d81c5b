"""What may not be processed is kept, in order, and processed once when it may."""

import json
from typing import Any

import asyncpg
import httpx
import pytest

from shared.contracts.tenants import Standing
from shared.errors import Unavailable
from shared.tx import Tenant
from tenant_plane import worker
from tenant_plane.core.tenancy import raw_connection, system_actor
from tenant_plane.ingest import flows, service
from tenant_plane.usage.rules import next_month
from tests.support.tenant_plane import Plane, asked, data, fired, generic_alert, refused, running_plane, until

HELD = "/api/webhook/held"
WAITING = "select held_since is not null as held from plane.tenants where tenant_id = $1"


async def sent(client: httpx.AsyncClient, *titles: str, **fields: Any) -> list[dict[str, Any]]:
    return [data(await client.post("/api/webhook", json=generic_alert(title=t, **fields)), 202) for t in titles]


async def names(plane: Plane, tenant: Tenant) -> list[str]:
    """Of all alert events, in the order in which they were processed."""
    sql = "select a.name from alert_events e join alerts a on a.id = e.alert_id order by e.id"
    return [row["name"] for row in await plane.rows(tenant, sql)]


async def marked(plane: Plane, tenant: Tenant) -> bool:
    (row,) = await plane.rows(tenant, WAITING, tenant.id)
    return bool(row["held"])


async def test_a_suspended_tenants_payloads_are_kept_and_processed_once_in_order(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient
) -> None:
    await plane.set_wanted(tenant, Standing.SUSPENDED)
    answers = await sent(admin, "first", "second", "third")
    assert {(a["ok"], a["held"], a["held_reason"], a["incident_id"]) for a in answers} == {
        (True, True, "suspended", None)
    }
    await plane.tick("process_held_payloads")
    assert await names(plane, tenant) == []
    listed = data(await admin.get(HELD))
    assert [item["id"] for item in listed["items"]] == [answer["held_id"] for answer in answers][::-1]
    assert {(item["reason"], item["processed_at"], item["sender"]) for item in listed["items"]} == {
        ("suspended", None, f"admin@{tenant.id}.example")
    }
    assert data(await admin.get("/api/usage"))["held"] == 3
    assert (await asked(admin, "{ usage { held } }"))["usage"] == {"held": 3}
    await plane.set_wanted(tenant)
    for _ in range(3):
        await plane.tick("process_held_payloads")
    assert await names(plane, tenant) == ["first", "second", "third"]
    assert data(await admin.get("/api/usage"))["held"] == 0
    assert not await marked(plane, tenant)
    assert {item["processed_at"] is None for item in data(await admin.get(HELD))["items"]} == {False}
    assert (await fired(admin, title="fourth"))["held"] is False


async def test_what_comes_after_the_resume_does_not_overtake(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient
) -> None:
    """A resolve that overtook its alert would leave it firing for ever."""
    await plane.set_wanted(tenant, Standing.SUSPENDED)
    await sent(admin, "disk full")
    await plane.set_wanted(tenant)
    (answer,) = await sent(admin, "disk full", status="resolved")
    assert answer["held_reason"] == "waiting"
    await plane.tick("process_held_payloads")
    (alert,) = data(await admin.get("/api/alerts"))["items"]
    assert (alert["status"], await names(plane, tenant)) == ("resolved", ["disk full", "disk full"])


async def test_a_connection_that_dies_between_processing_and_commit_costs_nothing(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient
) -> None:
    await plane.set_wanted(tenant, Standing.SUSPENDED)
    await sent(admin, "first", "second")
    await plane.set_wanted(tenant)

    async def process_and_die() -> None:
        async with plane.database.write(system_actor(tenant)) as tx:
            assert (await service.process_held(tx, 100)).processed == 2
            pid = await (await raw_connection(tx)).fetchval("select pg_backend_pid()")
            await plane.rows(tenant, "select pg_terminate_backend($1)", pid)

    with pytest.raises(Unavailable):
        await process_and_die()
    assert await names(plane, tenant) == []
    await plane.tick("process_held_payloads")
    await plane.tick("process_held_payloads")
    assert await names(plane, tenant) == ["first", "second"]


async def test_two_workers_process_each_payload_once(plane: Plane, admin_url: str) -> None:
    tenant = await plane.new_tenant()
    async with plane.client(tenant) as admin:
        await plane.set_wanted(tenant, Standing.SUSPENDED)
        titles = [f"A{number:02}" for number in range(30)]
        await sent(admin, *titles)
        await plane.set_wanted(tenant)
        async with (
            running_plane(admin_url, issuer=plane.issuer, with_worker=True),
            running_plane(admin_url, issuer=plane.issuer, with_worker=True),
        ):

            async def done() -> bool | None:
                return not await marked(plane, tenant) or None

            await until(done, seconds=20)
    assert await names(plane, tenant) == titles


async def test_events_over_the_plan_are_kept_until_it_has_room(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient
) -> None:
    await plane.set_wanted(tenant, events_per_month=2)
    await fired(admin, title="first")
    await fired(admin, title="second")
    (answer, _) = await sent(admin, "third", "fourth")
    assert answer["held_reason"] == "over_quota"
    await plane.tick("process_held_payloads")
    assert await names(plane, tenant) == ["first", "second"]
    limits = {limit["name"]: limit["used"] for limit in data(await admin.get("/api/usage"))["limits"]}
    assert limits["events_per_month"] == 2
    await plane.set_wanted(tenant, events_per_month=10)
    await plane.tick("process_held_payloads")
    assert await names(plane, tenant) == ["first", "second", "third", "fourth"]
    assert not await marked(plane, tenant)


async def without_turns(plane: Plane, number: int, *, at_once: int, monkeypatch: pytest.MonkeyPatch) -> list[Tenant]:
    """So many tenants with one processed and one held alert each, over their plan; nobody else's payloads are held."""
    monkeypatch.setattr(worker, "MOST_HELD_TENANTS", at_once)
    tenants = [await plane.new_tenant() for _ in range(number)]
    await plane.rows(tenants[0], "update plane.tenants set held_since = null")
    for tenant in tenants:
        await plane.set_wanted(tenant, events_per_month=1)
        async with plane.client(tenant) as admin:
            await fired(admin, title="first")
            await sent(admin, "second")
    return tenants


async def test_tenants_without_room_keep_nobody_from_their_turn(plane: Plane, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as a turn takes stand in front of the last one, which is upgraded, and then in front of each other."""
    *full, last = await without_turns(plane, 3, at_once=2, monkeypatch=monkeypatch)
    await plane.set_wanted(last, events_per_month=10)
    for _ in range(2):
        await plane.tick("process_held_payloads")
    assert await names(plane, last) == ["first", "second"]
    assert [await names(plane, tenant) for tenant in full] == [["first"]] * 2
    await plane.set_wanted(full[1], events_per_month=10)
    await plane.tick("process_held_payloads")
    assert [await names(plane, tenant) for tenant in full] == [["first"], ["first", "second"]]


async def test_tenants_whose_work_fails_keep_nobody_from_their_turn(
    plane: Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    *broken, last = await without_turns(plane, 3, at_once=2, monkeypatch=monkeypatch)
    for tenant in (*broken, last):
        await plane.set_wanted(tenant)
    for tenant in broken:
        await plane.rows(tenant, "alter table held_payloads rename to lost")
    for _ in range(2):
        await plane.tick("process_held_payloads")
    assert await names(plane, last) == ["first", "second"]
    assert [await names(plane, tenant) for tenant in broken] == [["first"]] * 2
    await plane.rows(last, "update plane.tenants set held_since = null")


async def test_a_turn_without_room_reads_no_payload_and_is_not_repeated_at_once(
    plane: Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenants = await without_turns(plane, 3, at_once=10, monkeypatch=monkeypatch)
    with plane.statements() as first:
        await plane.tick("process_held_payloads")
    # Whose turn it is; for each the lock, its plan, its month, and that it is put off.
    assert first.count == 1 + 4 * len(tenants), first.seen
    assert not [statement for statement in first.seen if "held_payloads" in statement]
    with plane.statements() as second:
        await plane.tick("process_held_payloads")
    assert second.count == 1, second.seen
    plane.clock.forward(minutes=11)  # somebody made room past the application
    await plane.rows(tenants[0], "delete from usage_days")
    await plane.tick("process_held_payloads")
    assert [await names(plane, tenant) for tenant in tenants] == [["first", "second"], ["first"], ["first"]]


async def test_a_new_month_has_room_again(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient) -> None:
    await plane.set_wanted(tenant, events_per_month=1)
    await fired(admin, title="first")
    await sent(admin, "second")
    await plane.tick("process_held_payloads")
    assert await names(plane, tenant) == ["first"]
    plane.clock.forward(seconds=(next_month(plane.clock()) - plane.clock()).total_seconds() + 60)
    await plane.tick("process_held_payloads")
    assert await names(plane, tenant) == ["first", "second"]


async def test_an_unreadable_one_becomes_a_dead_letter_and_holds_nobody_up(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient
) -> None:
    await plane.set_wanted(tenant, Standing.SUSPENDED)
    await sent(admin, "first")
    data(await admin.post("/api/webhook", content=b"\xff\x00 not json"), 202)
    await sent(admin, "second")
    assert data(await admin.get("/api/webhook/dead-letter"))["total"] == 0
    await plane.set_wanted(tenant)
    await plane.tick("process_held_payloads")
    assert await names(plane, tenant) == ["first", "second"]
    (letter,) = data(await admin.get("/api/webhook/dead-letter"))["items"]
    (held,) = [item for item in data(await admin.get(HELD))["items"] if item["error"]]
    assert held["error"] == letter["error"]
    assert held["size_bytes"] == 11


async def test_one_that_the_database_can_not_store_is_set_aside(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient
) -> None:
    await plane.set_wanted(tenant, Standing.SUSPENDED)
    await sent(admin, "first", "poison", "second")
    await plane.set_wanted(tenant)
    await plane.rows(tenant, "alter table alerts add constraint no_poison check (name <> 'poison')")
    await plane.tick("process_held_payloads")
    assert await names(plane, tenant) == ["first", "second"]
    (letter,) = data(await admin.get("/api/webhook/dead-letter"))["items"]
    assert letter["payload"]["title"] == "poison"
    assert not await marked(plane, tenant)


async def test_a_large_backlog_is_worked_through_in_bounded_turns(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flows, "MOST_BATCHES", 2)
    monkeypatch.setattr(flows, "MOST_IN_A_BATCH", 3)
    await plane.set_wanted(tenant, Standing.SUSPENDED)
    await sent(admin, *(f"A{number}" for number in range(8)))
    await plane.set_wanted(tenant)
    await plane.tick("process_held_payloads")
    assert await names(plane, tenant) == [f"A{number}" for number in range(6)]
    await plane.tick("process_held_payloads")
    assert await names(plane, tenant) == [f"A{number}" for number in range(8)]


async def test_bytes_bound_a_batch_too(plane: Plane, tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST_HELD_BYTES", 50)
    sql = (
        "insert into held_payloads (id, source, sender, payload, reason, received_at)"
        " values (gen_random_uuid(), 'webhook', 'x', $1, 'suspended', now())"
    )
    for number in range(3):
        await plane.rows(tenant, sql, json.dumps(generic_alert(title=f"A{number}")).encode())
    async with plane.database.write(system_actor(tenant)) as tx:
        batch = await service.process_held(tx, 100)
    assert (batch.processed, batch.more) == (1, True)


async def test_each_door_answers_in_its_own_shape(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient) -> None:
    await plane.set_wanted(tenant, Standing.SUSPENDED)
    alertmanager = await admin.post("/api/alerts/webhook", json={"version": "4", "alerts": []})
    root = await admin.post("/webhook", json=generic_alert())
    assert (alertmanager.status_code, root.status_code) == (202, 202)
    assert {name: alertmanager.json()[name] for name in ("status", "held", "held_reason", "alerts")} == {
        "status": "held",
        "held": True,
        "held_reason": "suspended",
        "alerts": [],
    }
    assert (root.json()["held"], root.json()["ok"]) == (True, True)


async def test_replaying_a_dead_letter_needs_room_but_no_turn(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient
) -> None:
    kept = data(await admin.post("/api/webhook", content=b"not json"), 202)
    mended = json.dumps(generic_alert())
    await plane.rows(tenant, "update dead_letters set payload = $1", mended)
    await plane.set_wanted(tenant, events_per_month=0)
    async with plane.unchanged(tenant):
        answer = await admin.post(f"/api/webhook/dead-letter/{kept['dead_letter_id']}/replay")
    assert refused(answer, 402, "QUOTA_EXCEEDED")["detail"].startswith("The plan pro allows 0 events a month")
    await sent(admin, "held")
    await plane.set_wanted(tenant)
    data(await admin.post(f"/api/webhook/dead-letter/{kept['dead_letter_id']}/replay"))


async def test_processed_ones_are_forgotten_after_a_week(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient
) -> None:
    await plane.set_wanted(tenant, Standing.SUSPENDED)
    await sent(admin, "first")
    await plane.set_wanted(tenant)
    await plane.tick("process_held_payloads")
    plane.clock.forward(days=6)
    await plane.sweep()
    assert data(await admin.get(HELD))["total"] == 1
    plane.clock.forward(days=2)
    await plane.sweep()
    assert data(await admin.get(HELD))["total"] == 0


async def test_a_held_payload_is_durable_before_the_answer(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient
) -> None:
    await plane.set_wanted(tenant, Standing.SUSPENDED)
    connection = await asyncpg.connect(plane.owner_url)
    try:
        (answer,) = await sent(admin, "first")
        sql = f'select processed_at from "{tenant.schema}".held_payloads where id = $1'
        assert await connection.fetch(sql, answer["held_id"])
    finally:
        await connection.close()
