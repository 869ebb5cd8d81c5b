"""Lists, filters, cursors, GraphQL, live streams and metrics never hold anything of the other tenant."""

import json
import re
from typing import Any

import pytest

from shared.web.operations import Operation
from tenant_plane.app import OPERATIONS, schema
from tests.isolation.support import World, listening, made, socket
from tests.support.tenant_plane import Plane, asked, data, fired, opened

LISTS = [o for o in OPERATIONS if o.method == "GET" and not o.path_adapters]
OF_NOBODY = {"list_adapters"}
"""Lists of what the product can do, the same for everybody."""
EVERYTHING = """
query ($q: String) {
  incidents(first: 50, q: $q) { totalCount edges { node {
    id reference title description service assignee
    alerts(first: 20) { id name fingerprint reason }
    timeline(first: 20) { id actor payload }
  } } }
  usage { plan standing held requests retentionDays limits { name used limit over resetsAt } }
  alerts(first: 50, q: $q) { totalCount edges { node { id name service labels annotations incidentReference } } }
  auditLog(first: 50, q: $q) { totalCount edges { node { actorName target details } } }
  overview {
    notAcknowledged firingAlerts alerts24h duplicates24h incidents24h openBySeverity { severity count }
    noisyServices(first: 50) { service alerts } sources { source events24h deadLetters24h }
    daily(days: 2) { incidents }
  }
}
"""
CHANGED = "subscription { incidentChanged { id title } }"


@pytest.mark.parametrize("operation", LISTS, ids=lambda operation: operation.id)
async def test_a_list_holds_nothing_of_the_other_tenant(world: World, operation: Operation) -> None:
    async with world.plane.client(world.ours.tenant) as client:
        answer = await client.get(operation.path)
    assert answer.status_code == 200
    assert world.theirs.word not in answer.text
    assert [its_id for its_id in world.theirs.ids if its_id in answer.text] == []


@pytest.mark.parametrize("operation", [o for o in LISTS if o.id not in OF_NOBODY], ids=lambda operation: operation.id)
async def test_a_list_holds_ones_own(world: World, operation: Operation) -> None:
    async with world.plane.client(world.theirs.tenant, email=f"{world.theirs.word}@people.example") as client:
        answer = await client.get(operation.path)
    assert world.theirs.word in answer.text or world.theirs.tenant.id in answer.text


async def test_filters_do_not_reach_across(world: World) -> None:
    theirs = world.theirs
    async with world.plane.client(world.ours.tenant) as client:
        for query in (
            f"/api/alerts?incident_id={theirs.incident_id}",
            f"/api/alerts?q={theirs.word}",
            f"/api/alerts?service={theirs.word}",
            f"/api/alerts?label=namespace:{theirs.word}",
            f"/api/incidents?q={theirs.word}",
            f"/api/incidents?assignee={theirs.word}&service={theirs.word}",
        ):
            assert data(await client.get(query))["total"] == 0, query


@pytest.mark.parametrize("path", ["/api/incidents", "/api/incidents?sort=newest", "/api/incidents?sort=updated"])
async def test_a_cursor_of_the_other_tenant_opens_only_ones_own_list(world: World, path: str) -> None:
    glue = "&" if "?" in path else "?"
    async with world.plane.client(world.theirs.tenant) as client:
        cursor = data(await client.get(f"{path}{glue}limit=1"))["next_cursor"]
    async with world.plane.client(world.ours.tenant) as client:
        answer = await client.get(f"{path}{glue}cursor={cursor}")
    assert answer.status_code == 200
    assert world.theirs.word not in answer.text


async def test_graphql_holds_nothing_of_the_other_tenant(world: World) -> None:
    async with world.plane.client(world.ours.tenant) as client:
        everything = await asked(client, EVERYTHING)
        searched = await asked(client, EVERYTHING, q=world.theirs.word)
    said = json.dumps([everything, searched])
    assert world.ours.word in said
    assert world.theirs.word not in said
    assert [its_id for its_id in world.theirs.ids if its_id in said] == []
    assert {searched[name]["totalCount"] for name in ("incidents", "alerts", "auditLog")} == {0}


def test_the_document_asks_for_every_query() -> None:
    """A new query must be asked above, or take an id (test_ids.py)."""
    query_type: Any = schema()._schema.query_type
    roots = {name for name, field in query_type.fields.items() if not {"ref", "id"} & set(field.args)}
    assert roots == {"incidents", "alerts", "auditLog", "overview", "usage"}


async def test_metrics_name_no_tenant(world: World) -> None:
    async with world.plane.client() as client:
        metrics = (await client.get("/metrics")).text
    assert "opsplane_http_requests_total" in metrics
    for things in (world.ours, world.theirs):
        assert [word for word in (*things.ids, things.word, things.tenant.schema) if word in metrics] == []
    assert not re.search(r"INC-\d|@", metrics)


async def test_health_names_no_tenant(world: World) -> None:
    async with world.plane.client() as client:
        said = "".join([(await client.get(path)).text for path in ("/health", "/healthz", "/readyz", "/openapi.json")])
    assert [word for word in (*world.theirs.ids, world.theirs.word) if word in said] == []


async def test_the_live_stream_carries_only_ones_own(plane: Plane) -> None:
    ours, theirs = await made(plane, 1), await made(plane, 2)
    await listening(plane)
    async with socket(plane.app, "/ws") as stream, socket(plane.app, "/ws") as their_stream:
        for listener, things in ((stream, ours), (their_stream, theirs)):
            await listener.send({"type": "auth", "token": plane.issuer.token(things.tenant.id)})
            assert await listener.hear() == {"type": "ready"}
        async with plane.client(theirs.tenant) as client:
            await opened(client, title=f"secret {theirs.word}")
            await fired(client, title=f"secret alert {theirs.word}")
            await client.post(f"/api/incidents/{theirs.reference}/acknowledge", json={})
        async with plane.client(ours.tenant) as client:
            await opened(client, title="the last one")
        heard = json.dumps(await stream.hear_until("the last one"))
        assert theirs.word in json.dumps(await their_stream.hear_until(f"secret {theirs.word}"))
    assert theirs.word not in heard
    assert [its_id for its_id in theirs.ids if its_id in heard] == []


async def test_a_live_stream_cannot_move_to_another_tenant(plane: Plane) -> None:
    ours, theirs = await plane.new_tenant(), await plane.new_tenant()
    async with socket(plane.app, "/ws") as stream:
        await stream.send({"type": "auth", "token": plane.issuer.token(ours.id)})
        assert await stream.hear() == {"type": "ready"}
        await stream.send({"type": "auth", "token": plane.issuer.token(theirs.id)})
        assert await stream.hear() == {"closed": 4401}


async def test_a_subscription_carries_only_ones_own(plane: Plane) -> None:
    ours, theirs = await made(plane, 1), await made(plane, 1)
    await listening(plane)
    wanted = f'subscription {{ incidentChanged(ref: "{theirs.incident_id}") {{ id title }} }}'
    async with socket(plane.app, "/graphql", "graphql-transport-ws") as stream:
        token = plane.issuer.token(ours.tenant.id)
        await stream.send({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}})
        assert (await stream.hear())["type"] == "connection_ack"
        await stream.send({"type": "subscribe", "id": "all", "payload": {"query": CHANGED}})
        await stream.send({"type": "subscribe", "id": "theirs", "payload": {"query": wanted}})
        await stream.send({"type": "ping"})
        assert (await stream.hear())["type"] == "pong"
        async with plane.client(theirs.tenant) as client:
            await client.post(f"/api/incidents/{theirs.reference}/acknowledge", json={})
        async with plane.client(ours.tenant) as client:
            await opened(client, title="the last one")
        heard = await stream.hear_until("the last one")
    assert {message["id"] for message in heard} == {"all"}
    assert theirs.word not in json.dumps(heard)


async def test_a_forged_notification_moves_no_data(plane: Plane) -> None:
    """Every role may NOTIFY; so the hub reads the ids under the role of the tenant that is named there."""
    ours, theirs = await made(plane, 1), await made(plane, 1)
    await listening(plane)
    (event,) = await plane.rows(theirs.tenant, "select id from events where kind = 'incident.changed' limit 1")
    async with socket(plane.app, "/ws") as stream:
        await stream.send({"type": "auth", "token": plane.issuer.token(ours.tenant.id)})
        assert await stream.hear() == {"type": "ready"}
        await plane.rows(ours.tenant, "select pg_notify('opsplane_events', $1)", f"{ours.tenant.id} {event['id']}")
        async with plane.client(ours.tenant) as client:
            await opened(client, title="the last one")
        heard = json.dumps(await stream.hear_until("the last one"))
    assert theirs.word not in heard and theirs.incident_id not in heard


async def test_idempotency_keys_do_not_cross(plane: Plane) -> None:
    """One person with seats in two tenants, one key, one body: each tenant does it once."""
    ours, theirs = await plane.new_tenant(), await plane.new_tenant()
    answers = []
    for tenant in (ours, theirs, ours):
        token = plane.issuer.token(tenant.id, email="ana@people.example")
        headers = {"authorization": f"Bearer {token}", "idempotency-key": "the same"}
        async with plane.client(None, **headers) as client:
            answers.append(await client.post("/api/incidents", json={"title": "Down", "severity": "high"}))
    first, second, repeated = answers
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert data(first, 201)["id"] != data(second, 201)["id"]
    assert repeated.content == first.content and repeated.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in second.headers
    for tenant in (ours, theirs):
        assert len(await plane.rows(tenant, "select id from incidents")) == 1


async def test_the_same_alert_of_two_tenants_is_two_alerts(plane: Plane) -> None:
    ours, theirs = await plane.new_tenant(), await plane.new_tenant()
    async with plane.client(ours) as client, plane.client(theirs) as their_client:
        first, second = await fired(client), await fired(their_client)
    assert first["alerts"][0]["fingerprint"] == second["alerts"][0]["fingerprint"]
    assert not second["deduplicated"] and second["group_id"] is None
    assert first["incident_id"] != second["incident_id"]
