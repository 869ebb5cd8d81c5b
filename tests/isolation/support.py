"""Two tenants of one plane with the same kinds of things in them, and what a stranger's id may look like."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
from starlette.types import ASGIApp, Message, Scope
from uuid_utils.compat import uuid7

from shared.tx import Tenant
from shared.web.operations import Operation
from tests.support.tenant_plane import Plane, data, fired, opened, until

CHANGING_HEADERS = {"x-trace-id", "x-ratelimit-remaining", "x-ratelimit-reset"}


@dataclass(frozen=True)
class Things:
    """Ids of what one tenant has. ``word`` stands in every text of it."""

    tenant: Tenant
    word: str
    incident_id: str
    reference: str
    alert_id: str
    letter_id: str
    key_id: str
    api_key: str

    @property
    def ids(self) -> list[str]:
        return [self.tenant.id, self.incident_id, self.alert_id, self.letter_id, self.key_id, self.api_key]


@dataclass(frozen=True)
class World:
    plane: Plane
    ours: Things
    theirs: Things

    def pairs(self, parameter: str) -> list[tuple[str, str]]:
        """Their id and one that never existed, of every form that a path parameter takes. Raises KeyError for a
        parameter that nobody has thought about yet.
        """
        theirs = self.theirs
        return {
            "reference": [(theirs.incident_id, str(uuid7())), (theirs.reference, "INC-00987654")],
            "alert_id": [(theirs.alert_id, str(uuid7()))],
            "letter_id": [(theirs.letter_id, str(uuid7()))],
            "key_id": [(theirs.key_id, "0" * 12)],
            **{name: [(word, word)] for name, word in WORDS.items()},
        }[parameter]


HELD = """
insert into held_payloads (id, source, sender, payload, reason, received_at, processed_at)
values ($1, 'webhook', $2, '', 'suspended', now(), now())
"""
LOOKED_IN = """
insert into impersonations (id, by, reason, read_only, starts_at, ends_at)
values ($1, 'root@provider.example', $2, true, now(), now())
"""
BODIES: Mapping[str, Any] = {
    "acknowledge_incident": {},
    "add_incident_note": {"text": "hello"},
    "create_api_key": {"name": "sender", "scope": "viewer"},
    "create_own_api_key": {"name": "sender", "scope": "viewer"},
    "open_incident": {"title": "Checkout is down", "severity": "high"},
    "resolve_incident": {},
    "snooze_incident": {"duration": "1h"},
    "update_incident": {"title": "Another title"},
}
"""A valid body for every operation that takes one."""
EVENTS: Mapping[str, Any] = {
    "create_alert_event": {"title": "Down", "deduplication_key": "k", "status": "firing"},
    "create_event": {"event_type": "trigger", "incident_key": "k", "description": "Down"},
    "enqueue_event": {"event_action": "trigger", "dedup_key": "k", "payload": {"summary": "Down", "severity": "error"}},
}
"""Of senders whose door refuses what it can't read; the others keep it."""
WORDS: Mapping[str, str] = {"source": "grafana", "alert_source_id": "01J"}
"""Parameters of a path that name no thing of a tenant's."""


def ids_in(operation: Operation) -> list[str]:
    """The parameters of its path that name a thing."""
    return [name for name in operation.path_adapters if name not in WORDS]


def body_of(operation: Operation) -> dict[str, Any]:
    """Arguments for httpx; raises KeyError for a new operation with a body."""
    if operation.body is not None:
        return {"json": BODIES[operation.id]}
    if operation.id in EVENTS:
        return {"json": EVENTS[operation.id]}
    return {"content": b"{}"} if operation.method == "POST" else {}


async def made(plane: Plane, incidents: int) -> Things:
    tenant, word = await plane.new_tenant(), f"zebra{uuid4().hex[:10]}"
    async with plane.client(tenant, email=f"{word}@people.example") as client:
        for number in range(incidents):
            incident = await opened(client, title=f"{word} {number}", service=word, assignee=word)
        await client.post(f"/api/incidents/{incident['reference']}/notes", json={"text": f"note {word}"})
        answer = await fired(client, title=f"{word} fires", service=word, namespace=word)
        letter = await client.post("/api/webhook", content=f"not json {word}".encode())
        await plane.rows(tenant, HELD, uuid7(), f"{word}@people.example")
        await plane.rows(tenant, LOOKED_IN, uuid7(), f"because of {word}")
        key = data(await client.post("/api/apikeys", json={"name": f"key {word}", "scope": "admin"}), 201)
    return Things(
        tenant,
        word,
        incident["id"],
        incident["reference"],
        answer["alerts"][0]["alert_id"],
        data(letter, 202)["dead_letter_id"],
        key["key_id"],
        key["api_key"],
    )


def looks(response: httpx.Response, its_id: str) -> tuple[int, dict[str, str], str]:
    """All that a stranger can see of an answer, without the trace id and the id they sent."""
    headers = {name: value for name, value in response.headers.items() if name not in CHANGING_HEADERS}
    body = response.text.replace(response.headers["x-trace-id"], "<trace>").replace(its_id, "<id>")
    return response.status_code, headers, body


class Socket:
    """The client's side of a WebSocket, in the process and loop of the application."""

    def __init__(self) -> None:
        self._to_app: asyncio.Queue[Message] = asyncio.Queue()
        self._from_app: asyncio.Queue[Message] = asyncio.Queue()

    async def send(self, message: Mapping[str, Any]) -> None:
        await self.say(json.dumps(message))

    async def say(self, text: str) -> None:
        await self._to_app.put({"type": "websocket.receive", "text": text})

    async def hear(self) -> dict[str, Any]:
        """The next message; ``{"closed": code}`` when the other side has hung up."""
        async with asyncio.timeout(10):
            message = await self._from_app.get()
        if message["type"] == "websocket.close":
            return {"closed": message["code"]}
        heard: dict[str, Any] = json.loads(message["text"])
        return heard

    async def hear_until(self, word: str) -> list[dict[str, Any]]:
        """Everything up to the message that has ``word`` in it."""
        heard = [await self.hear()]
        while word not in json.dumps(heard[-1]):
            heard.append(await self.hear())
        return heard


async def _serve(app: ASGIApp, scope: Scope, client: Socket) -> None:
    await app(scope, client._to_app.get, client._from_app.put)


@asynccontextmanager
async def socket(app: ASGIApp, path: str, *subprotocols: str, **headers: str) -> AsyncIterator[Socket]:
    client = Socket()
    scope = {
        "type": "websocket",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
        "subprotocols": list(subprotocols),
        "client": ("test", 1),
        "server": ("test", 80),
        "scheme": "ws",
        "http_version": "1.1",
        "extensions": {},
    }
    await client._to_app.put({"type": "websocket.connect"})
    serving = asyncio.create_task(_serve(app, scope, client))
    assert (await client._from_app.get())["type"] == "websocket.accept"
    try:
        yield client
    finally:
        await client._to_app.put({"type": "websocket.disconnect", "code": 1000})
        async with asyncio.timeout(10):
            await serving


async def listening(plane: Plane) -> None:
    """The hub holds its LISTEN connection; what happens from now on is heard."""

    async def look() -> bool | None:
        rows = await plane.rows(
            Tenant("none", "public"),
            "select 1 from pg_stat_activity where query ilike 'listen%opsplane_events%'"
            " and datname = current_database()",
        )
        return bool(rows) or None

    await until(look)
