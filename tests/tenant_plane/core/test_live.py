"""What listeners hear, on a real port with a real client: their own tenant, what they may read, within two seconds."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import pytest_asyncio
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from shared.tokens import plane_audience
from shared.tx import Tenant
from tests.support.tenant_plane import Plane, fired, incident_of, opened, served

SOON = 2.0
CHANGED = "subscription($ref: String) { incidentChanged(ref: $ref) { reference title status severity version } }"


@pytest_asyncio.fixture(scope="module")
async def port(plane: Plane) -> AsyncIterator[int]:
    async with served(plane.app) as port:
        yield port


async def heard(socket: ClientConnection) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(await asyncio.wait_for(socket.recv(), SOON))
    return message


async def closed_with(socket: ClientConnection) -> int | None:
    with pytest.raises(ConnectionClosed) as closed:
        await asyncio.wait_for(socket.recv(), SOON)
    return closed.value.rcvd.code if closed.value.rcvd else None


@asynccontextmanager
async def listening(port: int, token: str) -> AsyncIterator[ClientConnection]:
    async with connect(f"ws://127.0.0.1:{port}/ws") as socket:
        await socket.send(json.dumps({"type": "auth", "token": token}))
        assert await heard(socket) == {"type": "ready"}
        yield socket


@asynccontextmanager
async def subscribed(port: int, token: str, **variables: Any) -> AsyncIterator[ClientConnection]:
    protocol = Subprotocol("graphql-transport-ws")
    async with connect(f"ws://127.0.0.1:{port}/graphql", subprotocols=[protocol]) as socket:
        await socket.send(json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}))
        assert (await heard(socket))["type"] == "connection_ack"
        payload = {"query": CHANGED, "variables": variables}
        await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
        await socket.send(json.dumps({"type": "ping"}))
        assert (await heard(socket))["type"] == "pong"
        yield socket


async def test_a_viewer_hears_of_a_change(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, port: int) -> None:
    async with listening(port, plane.issuer.token(tenant.id, "viewer")) as socket:
        incident = await opened(admin)
        message = await heard(socket)
        assert (message["type"], message["created"], message["incident"]) == ("incident.changed", True, incident)
        await admin.post("/api/incidents/INC-1/acknowledge", json={})
        message = await heard(socket)
        assert (message["created"], message["incident"]) == (False, await incident_of(admin, "INC-1"))
        await admin.post("/api/incidents/INC-1/notes", json={"text": "x"})
        assert await heard(socket) == {"type": "timeline.added", "incident_id": incident["id"]}


async def test_an_alert_is_heard_of_twice_as_alert_and_as_incident(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, port: int
) -> None:
    async with listening(port, plane.issuer.token(tenant.id, "viewer")) as socket:
        answer = await fired(admin)
        messages = {message["type"]: message for message in (await heard(socket), await heard(socket))}
    assert messages["alerts.changed"]["count"] == 1
    assert messages["incident.changed"]["incident"]["id"] == answer["incident_id"]
    assert messages["incident.changed"]["created"] is True


async def test_another_tenant_hears_nothing(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, port: int) -> None:
    """Proved by order: the stranger's next message is of its own change, made after the other tenant's was heard."""
    other = await plane.new_tenant()
    mine, theirs = plane.issuer.token(tenant.id, "viewer"), plane.issuer.token(other.id, "viewer")
    async with (
        listening(port, mine) as socket,
        listening(port, theirs) as stranger,
        subscribed(port, theirs) as subscriber,
        plane.client(other) as neighbour,
    ):
        await opened(admin, title="Secret")
        assert (await heard(socket))["incident"]["title"] == "Secret"
        await opened(neighbour, title="Theirs")
        assert (await heard(stranger))["incident"]["title"] == "Theirs"
        assert (await heard(subscriber))["payload"]["data"]["incidentChanged"]["title"] == "Theirs"


async def test_who_may_only_send_hears_nothing(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, port: int
) -> None:
    """The same by order: what follows is a viewer's token on the same stream, and only what happens after it."""
    made = (await admin.post("/api/apikeys", json={"name": "grafana", "scope": "ingestion"})).json()["data"]
    viewer = plane.issuer.token(tenant.id, "viewer")
    async with listening(port, made["api_key"]) as sender, listening(port, viewer) as witness:
        await opened(admin, title="Before")
        assert (await heard(witness))["incident"]["title"] == "Before"
        await sender.send(json.dumps({"type": "auth", "token": viewer}))
        await sender.ping()
        await admin.post("/api/incidents/INC-1/acknowledge", json={})
        assert (await heard(sender))["incident"]["status"] == "acknowledged"


@pytest.mark.parametrize(
    "message",
    [
        "not JSON",
        "[]",
        "5",
        "{}",
        '{"type": "auth"}',
        '{"type": "auth", "token": 5}',
        '{"type": "auth", "token": "nonsense"}',
        '{"type": "hello", "token": "x"}',
        "[" * 10_000,
        "x" * 20_000,
    ],
)
async def test_a_first_message_that_is_no_token(port: int, message: str) -> None:
    async with connect(f"ws://127.0.0.1:{port}/ws") as socket:
        await socket.send(message)
        assert await closed_with(socket) == 4401


async def test_a_first_message_in_bytes(port: int) -> None:
    async with connect(f"ws://127.0.0.1:{port}/ws") as socket:
        await socket.send(b"\x00")
        assert await closed_with(socket) == 4401


async def test_tokens_that_are_not_good(plane: Plane, tenant: Tenant, port: int) -> None:
    for token in (
        plane.issuer.token(tenant.id, expires_in=-60),
        plane.issuer.token("nobody"),
        plane.issuer.token(None, "super_admin"),
        plane.issuer.token(tenant.id, audience=plane_audience(None)),
    ):
        async with connect(f"ws://127.0.0.1:{port}/ws") as socket:
            await socket.send(json.dumps({"type": "auth", "token": token}))
            assert await closed_with(socket) == 4401


async def test_a_newer_token_must_be_of_the_same_tenant(plane: Plane, tenant: Tenant, port: int) -> None:
    other = await plane.new_tenant()
    async with listening(port, plane.issuer.token(tenant.id)) as socket:
        await socket.send(json.dumps({"type": "auth", "token": plane.issuer.token(other.id)}))
        assert await closed_with(socket) == 4401
    async with listening(port, plane.issuer.token(tenant.id)) as socket:
        await socket.send(json.dumps({"type": "auth", "token": "nonsense"}))
        assert await closed_with(socket) == 4401


def asserting(tenant_id: str) -> list[tuple[str, dict[str, str]]]:
    """Every way to say, for which tenant a WebSocket is opened: query and headers."""
    return [(f"?tenant_id={tenant_id}", {}), ("", {"x-tenant-id": tenant_id})]


async def test_a_tenant_that_the_address_names_must_be_the_tokens_own(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, port: int
) -> None:
    other, token = await plane.new_tenant(), plane.issuer.token(tenant.id, "viewer")
    first, init = {"type": "auth", "token": token}, {"type": "connection_init", "payload": {"authorization": token}}
    protocol = Subprotocol("graphql-transport-ws")
    for query, headers in (
        *asserting(other.id),
        *asserting("nobody"),
        *asserting(""),
        (f"?tenant_id={tenant.id}&tenant_id={other.id}", {}),
        (f"?tenant_id={tenant.id}", {"x-tenant-id": other.id}),
    ):
        async with connect(f"ws://127.0.0.1:{port}/ws{query}", additional_headers=headers) as socket:
            await socket.send(json.dumps(first))
            assert await closed_with(socket) == 4401
        address = f"ws://127.0.0.1:{port}/graphql{query}"
        async with connect(address, subprotocols=[protocol], additional_headers=headers) as socket:
            await socket.send(json.dumps(init))
            assert await closed_with(socket) == 4403
    for query, headers in asserting(tenant.id):
        async with connect(f"ws://127.0.0.1:{port}/ws{query}", additional_headers=headers) as socket:
            await socket.send(json.dumps(first))
            assert await heard(socket) == {"type": "ready"}
            await opened(admin, title="Heard")
            assert (await heard(socket))["incident"]["title"] == "Heard"
        address = f"ws://127.0.0.1:{port}/graphql{query}"
        async with connect(address, subprotocols=[protocol], additional_headers=headers) as socket:
            await socket.send(json.dumps(init))
            assert (await heard(socket))["type"] == "connection_ack"


async def test_the_client_may_say_nothing_else(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, port: int
) -> None:
    async with listening(port, plane.issuer.token(tenant.id, "viewer")) as socket, plane.unchanged(tenant):
        await socket.send(json.dumps({"type": "incident.resolve", "incident": "INC-1"}))
    async with listening(port, plane.issuer.token(tenant.id, "viewer")) as socket:
        await socket.send(json.dumps({"type": "ping"}))
        await opened(admin)
        assert (await heard(socket))["type"] == "incident.changed"


async def test_many_changes_at_once_are_read_once(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, port: int
) -> None:
    incident = await opened(admin)
    async with listening(port, plane.issuer.token(tenant.id, "viewer")) as socket:
        edits = [admin.patch("/api/incidents/INC-1", json={"title": f"Title {n}"}) for n in range(20)]
        await asyncio.gather(*edits)
        last, versions = await incident_of(admin, "INC-1"), list[int]()
        while not versions or versions[-1] < last["version"]:
            versions.append((await heard(socket))["incident"]["version"])
    assert last["version"] == incident["version"] + 20
    assert versions == sorted(versions)
    assert len(versions) < 20


async def test_a_subscription_hears_of_every_incident_or_of_one(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, port: int
) -> None:
    token = plane.issuer.token(tenant.id, "viewer")
    async with subscribed(port, token) as every, subscribed(port, token, ref="INC-00000002") as one:
        await opened(admin, title="First")
        message = await heard(every)
        assert (message["id"], message["type"]) == ("1", "next")
        assert message["payload"]["data"]["incidentChanged"] == {
            "reference": "INC-00000001",
            "title": "First",
            "status": "TRIGGERED",
            "severity": "HIGH",
            "version": 1,
        }
        await opened(admin, title="Second")
        assert (await heard(every))["payload"]["data"]["incidentChanged"]["title"] == "Second"
        assert (await heard(one))["payload"]["data"]["incidentChanged"]["title"] == "Second"


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (None, 4400),
        ({}, 4403),
        ({"authorization": "Bearer nonsense"}, 4403),
        ({"authorization": 5}, 4403),
        ({"x": "y"}, 4403),
    ],
)
async def test_a_subscription_needs_a_token(port: int, payload: Any, code: int) -> None:
    protocol = Subprotocol("graphql-transport-ws")
    async with connect(f"ws://127.0.0.1:{port}/graphql", subprotocols=[protocol]) as socket:
        await socket.send(json.dumps({"type": "connection_init", "payload": payload}))
        assert await closed_with(socket) == code


async def test_queries_go_over_the_same_socket_under_the_same_rules(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, port: int
) -> None:
    await opened(admin)
    async with subscribed(port, plane.issuer.token(tenant.id, "viewer")) as socket, plane.unchanged(tenant):
        query = {"query": 'mutation { resolveIncident(ref: "INC-1") { id } }'}
        await socket.send(json.dumps({"id": "2", "type": "subscribe", "payload": query}))
        message = await heard(socket)
    assert message["payload"]["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_head_has_the_headers_and_no_body(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, port: int
) -> None:
    await opened(admin)
    headers = {"authorization": f"Bearer {plane.issuer.token(tenant.id)}"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers) as client:
        head, get = await client.head("/api/incidents/INC-1"), await client.get("/api/incidents/INC-1")
    assert (head.status_code, head.content) == (200, b"")
    for name in ("etag", "content-length", "content-type"):
        assert head.headers[name] == get.headers[name]


async def test_a_revoked_key_hears_nothing_more(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, port: int
) -> None:
    made = (await admin.post("/api/apikeys", json={"name": "dashboard", "scope": "viewer"})).json()["data"]
    async with listening(port, made["api_key"]) as socket:
        await opened(admin, title="Before")
        assert (await heard(socket))["incident"]["title"] == "Before"
        await admin.delete(f"/api/apikeys/{made['key_id']}")
        plane.clock.forward(seconds=10)  # what is remembered of good keys has run out
        await opened(admin, title="Secret")
        assert await closed_with(socket) == 1012
