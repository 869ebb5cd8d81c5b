"""What goes into the audit log: changes by people and keys, refused attempts, nothing else; and in one commit."""

import asyncio
import json
from dataclasses import replace
from datetime import datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.audit.chain import Check
from shared.contracts.tenants import Standing
from shared.tx import Tenant
from tenant_plane.audit.schemas import AuditExported
from tests.support.tenant_plane import Plane, asked, data, fired, generic_alert, graph_errors, opened, refused

RAW = "select *, details::text as details from audit_log order by seq"


async def entries(admin: httpx.AsyncClient, query: str = "") -> list[dict[str, Any]]:
    """Oldest first."""
    found: list[dict[str, Any]] = data(await admin.get(f"/api/audit{query}"))["items"]
    return found[::-1]


async def checked(plane: Plane, tenant: Tenant) -> Check:
    """Recomputed from what is in the table."""
    check = Check()
    for row in await plane.rows(tenant, RAW):
        check.take(dict(row))
    check.require_all()
    return check


async def test_edits_leave_who_what_and_both_values(plane: Plane, tenant: Tenant) -> None:
    headers = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    async with plane.client(tenant, **headers) as admin:
        incident = await opened(admin, title="Checkout is down", assignee=None)
        path = f"/api/incidents/{incident['reference']}"
        await admin.patch(path, json={"severity": "low", "title": "Checkout is slow"})
        await admin.patch(path, json={"severity": "low"})
        await admin.post(f"{path}/acknowledge", json={})
        await admin.post(f"{path}/snooze", json={"duration": "1h"})
        note = data(await admin.post(f"{path}/notes", json={"text": "a secret thought"}), 201)
        await admin.post(f"{path}/resolve", json={"resolution": "restarted"})
        found = await entries(admin)
    name = f"admin@{tenant.id}.example"
    edited = "incident.edited"
    assert [entry["action"] for entry in found] == ["incident.opened", edited, edited, edited, "incident.noted", edited]
    assert {(e["actor_id"], e["actor_kind"], e["actor_name"], e["result"]) for e in found} == {
        (f"user-{name}", "user", name, "done")
    }
    assert {e["target"] for e in found} == {f"incident:{incident['reference']}"}
    assert {e["trace_id"] for e in found} == {"0af7651916cd43dd8448eb211c80319c"}
    assert {e["address"] for e in found} == {"127.0.0.1"}
    changes = [entry["details"].get("changes") for entry in found]
    assert changes[1] == {
        "title": {"from": "Checkout is down", "to": "Checkout is slow"},
        "severity": {"from": "high", "to": "low"},
    }
    assert changes[2] == {
        "status": {"from": "triggered", "to": "acknowledged"},
        "assignee": {"from": None, "to": name},
    }
    assert changes[3]["snoozed_until"]["from"] is None
    assert datetime.fromisoformat(changes[3]["snoozed_until"]["to"]) > datetime.fromisoformat(incident["created_at"])
    assert found[4]["details"]["timeline_id"] == note["id"]
    assert "secret" not in str(found)
    assert changes[5]["status"] == {"from": "acknowledged", "to": "resolved"}
    assert changes[5]["resolution_notes"] == {"from": None, "to": "restarted"}
    assert (await checked(plane, tenant)).count == 6


async def test_alerts_and_the_system_leave_nothing(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient) -> None:
    with plane.statements() as counted:
        await fired(admin)
        await fired(admin, status="resolved")
    assert await entries(admin) == []
    assert [sql for sql in counted.seen if "audit" in sql] == []


async def test_a_key_acts_under_its_own_name(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient) -> None:
    key = data(await admin.post("/api/apikeys", json={"name": "robot", "scope": "operator"}), 201)
    async with plane.client(None, **{"x-api-key": key["api_key"]}) as robot:
        await opened(robot)
    (entry,) = await entries(admin, "?action=incident.")
    assert (entry["actor_id"], entry["actor_kind"], entry["actor_name"]) == (
        f"key:{key['key_id']}",
        "api_key",
        "robot",
    )


async def test_a_replayed_dead_letter(admin: httpx.AsyncClient, plane: Plane, tenant: Tenant) -> None:
    letter = data(await admin.post("/api/webhook", content=b"not json"), 202)["dead_letter_id"]
    await plane.rows(tenant, "update dead_letters set payload = $1", json.dumps(generic_alert()))
    data(await admin.post(f"/api/webhook/dead-letter/{letter}/replay"))
    (entry,) = await entries(admin, "?action=dead_letter.")
    assert entry["target"] == f"dead_letter:{letter}"
    assert (entry["details"]["source"], entry["details"]["alerts"]) == ("webhook", 1)


async def test_what_fails_leaves_nothing(plane: Plane, tenant: Tenant) -> None:
    async def fail() -> None:
        async with plane.database.write(plane.actor(tenant)) as tx:
            tx.record(AuditExported(filter={}))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await plane.rows(tenant, RAW) == []


async def test_many_writers_at_once_make_one_chain(plane: Plane, tenant: Tenant) -> None:
    async def write(number: int) -> None:
        async with plane.database.write(plane.actor(tenant)) as tx:
            for part in range(3):
                tx.record(AuditExported(filter={"number": number, "part": part, "odd": 'ä"\\\n', "float": 1e16 / 3}))

    await asyncio.gather(*(write(number) for number in range(12)))
    assert (await checked(plane, tenant)).count == 36
    rows = await plane.rows(tenant, "select details -> 'filter' ->> 'number' as number from audit_log order by seq")
    assert all(len({row["number"] for row in rows[start : start + 3]}) == 1 for start in range(0, 36, 3))


async def test_an_impersonator_is_named(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient) -> None:
    async with plane.database.write(replace(plane.actor(tenant), impersonated_by="root@opsplane.example")) as tx:
        tx.record(AuditExported(filter={}))
    (entry,) = await entries(admin)
    assert entry["impersonated_by"] == "root@opsplane.example"


async def test_a_refused_write_is_an_entry_once_a_minute(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, viewer: httpx.AsyncClient
) -> None:
    plane.app.state.edge.refusals.clock = plane.clock.monotonic
    incident = await opened(admin)
    path = f"/api/incidents/{incident['reference']}"
    for _ in range(5):
        async with plane.unchanged(tenant):
            refused(await viewer.post(f"{path}/resolve", json={}), 403, "FORBIDDEN")
    refused(await viewer.patch(path, json={"title": "x"}), 403, "FORBIDDEN")
    found = await entries(admin, "?result=refused")
    assert [(e["action"], e["target"], e["actor_name"]) for e in found] == [
        ("call.refused", "operation:resolve_incident", f"viewer@{tenant.id}.example"),
        ("call.refused", "operation:update_incident", f"viewer@{tenant.id}.example"),
    ]
    assert found[0]["details"]["code"] == "FORBIDDEN" and "incidents:write" in found[0]["details"]["reason"]
    plane.clock.forward(seconds=61)
    await viewer.post(f"{path}/resolve", json={})
    assert len(await entries(admin, "?result=refused")) == 3
    assert (await checked(plane, tenant)).count == 4


async def test_a_suspended_tenants_refused_writes_are_entries_under_the_callers_name(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient
) -> None:
    key = data(await admin.post("/api/apikeys", json={"name": "ci", "scope": "operator"}), 201)
    await plane.set_wanted(tenant, Standing.SUSPENDED)
    body = {"title": "x", "severity": "low"}
    async with plane.unchanged(tenant), plane.client(None, **{"x-api-key": key["api_key"]}) as machine:
        for client in (admin, machine):
            refused(await client.post("/api/incidents", json=body), 403, "TENANT_SUSPENDED")
    found = await entries(admin, "?result=refused")
    assert [(e["target"], e["actor_kind"], e["actor_name"], e["details"]["code"]) for e in found] == [
        ("operation:open_incident", "user", f"admin@{tenant.id}.example", "TENANT_SUSPENDED"),
        ("operation:open_incident", "api_key", "ci", "TENANT_SUSPENDED"),
    ]
    await checked(plane, tenant)


async def test_refused_reading_and_refused_ingest_are_no_entries(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, viewer: httpx.AsyncClient
) -> None:
    refused(await viewer.get("/api/apikeys"), 403, "FORBIDDEN")
    refused(await viewer.get("/api/audit/export"), 403, "FORBIDDEN")
    refused(await viewer.post("/api/webhook", json=generic_alert()), 403, "FORBIDDEN")
    async with plane.client() as nobody:
        refused(await nobody.post("/api/incidents", json={}), 401, "UNAUTHORIZED")
    assert await entries(admin) == []


async def test_a_refused_mutation_is_an_entry(admin: httpx.AsyncClient, viewer: httpx.AsyncClient) -> None:
    mutation = 'mutation { createIncident(input: {title: "x", severity: LOW}) { id } }'
    assert (await graph_errors(viewer, mutation))[0]["extensions"]["code"] == "FORBIDDEN"
    (entry,) = await entries(admin)
    assert (entry["target"], entry["result"]) == ("operation:graphql", "refused")
    seen = (await asked(admin, "{ auditLog { totalCount edges { node { seq action result details } } } }"))["auditLog"]
    assert seen == {
        "totalCount": 1,
        "edges": [{"node": {"seq": 1, "action": "call.refused", "result": "REFUSED", "details": entry["details"]}}],
    }


@pytest.mark.parametrize(
    "statement",
    [
        "update audit_log set actor_name = 'nobody'",
        "delete from audit_log",
        "truncate audit_log",
        "alter table audit_log drop column hash",
    ],
)
async def test_the_serving_role_can_only_append(plane: Plane, tenant: Tenant, statement: str) -> None:
    async with plane.database.write(plane.actor(tenant)) as tx:
        tx.record(AuditExported(filter={}))

    async def spoil() -> None:
        async with plane.database.write(plane.actor(tenant)) as tx:
            await tx.session.execute(text(statement))

    with pytest.raises(DBAPIError, match=r"permission denied|must be owner"):
        await spoil()
    assert (await checked(plane, tenant)).count == 1
