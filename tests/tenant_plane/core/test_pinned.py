"""A dedicated plane: credentials of any other tenant are refused before any SQL."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from shared.tokens import ANY_PLANE, plane_audience
from shared.tx import Tenant
from tests.isolation.support import socket
from tests.support.tenant_plane import Plane, data, fired, generic_alert, refused, running_plane

PATHS = ["/api/incidents", "/api/usage", "/api/rbac/permissions"]


@dataclass
class Pinned:
    plane: Plane
    own: Tenant
    other: Tenant
    key: str
    """An API key of the other tenant."""


@pytest_asyncio.fixture
async def pinned(plane: Plane, admin_url: str) -> AsyncIterator[Pinned]:
    own, other = await plane.new_tenant(), await plane.new_tenant()
    async with plane.client(other) as client:
        key = data(await client.post("/api/apikeys", json={"name": "ci", "scope": "admin"}), 201)["api_key"]
    async with running_plane(admin_url, issuer=plane.issuer, pinned_tenant=own.id) as dedicated:
        async with dedicated.client(own) as client:  # so that the signing keys are known
            await fired(client)
        yield Pinned(dedicated, own, other, key)


@pytest.mark.parametrize("path", PATHS)
async def test_a_token_or_key_of_another_tenant_is_refused_before_any_sql(pinned: Pinned, path: str) -> None:
    nowhere = Tenant("nowhere-at-all", "t_nowhere_at_all")
    clients = [
        pinned.plane.client(pinned.other),
        pinned.plane.client(nowhere),
        pinned.plane.client(None, **{"x-api-key": pinned.key}),
        pinned.plane.client(None, **{"x-api-key": pinned.key.replace(pinned.other.id, nowhere.id)}),
    ]
    bodies = set()
    with pinned.plane.statements() as statements:
        for client in clients:
            async with client:
                body = refused(await client.get(path), 403, "FORBIDDEN")
                bodies.add(body["detail"])
                refused(await client.post("/api/webhook", json=generic_alert()), 403, "FORBIDDEN")
                refused(await client.post("/graphql", json={"query": "{ usage { plan } }"}), 403, "FORBIDDEN")
    assert statements.seen == []
    assert bodies == {"This credential is not valid here."}


async def test_its_live_stream_opens_for_nobody_else(pinned: Pinned) -> None:
    with pinned.plane.statements() as statements:
        for credential in (pinned.plane.issuer.token(pinned.other.id), pinned.key):
            async with socket(pinned.plane.app, "/ws") as stream:
                await stream.send({"type": "auth", "token": credential})
                assert await stream.hear() == {"closed": 4401}
    assert statements.seen == []


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_the_control_plane_can_not_bring_it_another_tenant(pinned: Pinned, plane: Plane, method: str) -> None:
    wanted = {"name": "x", "plan": "free", "state": "active"}
    with pinned.plane.statements() as statements:
        async with pinned.plane.control_plane() as client:
            path = f"/internal/tenants/{pinned.other.id}"
            refused(await client.request(method, path, json=wanted), 403, "FORBIDDEN")
            refused(await client.get(f"{path}/archive"), 403, "FORBIDDEN")
    assert statements.seen == []
    async with plane.client(pinned.other) as client:
        assert data(await client.get("/api/usage"))["plan"] == "pro"


async def test_what_it_was_sent_opens_no_other_plane(pinned: Pinned, plane: Plane) -> None:
    """A token that leaks from one plane, while it lasts; the other way round as well."""
    paths = [f"/internal/tenants/{pinned.own.id}/archive/digest", "/internal/usage?since=2026-01-01", "/internal/fleet"]
    for audience, other in ((plane_audience(pinned.own.id), plane), (plane_audience(None), pinned.plane)):
        token = plane.issuer.token(None, "control_plane", audience=[ANY_PLANE, audience])
        async with other.client(authorization=f"Bearer {token}") as client:
            for path in paths:
                refused(await client.get(path), 401, "UNAUTHORIZED")


async def test_its_own_tenant_works_as_anywhere(pinned: Pinned) -> None:
    async with pinned.plane.client(pinned.own) as client, pinned.plane.control_plane() as control:
        assert data(await client.get("/api/incidents"))["total"] == 1
        assert (await control.get("/internal/fleet")).status_code == 200
