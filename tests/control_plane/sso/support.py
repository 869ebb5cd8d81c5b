"""What tests of single sign-on do over and over: connect a tenant, and walk a browser through a sign-in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from control_plane.core.system import SYSTEM
from control_plane.identity import service as identity
from control_plane.identity.rules import Method, Role
from tests.control_plane.support import ControlPlane, bearer

ORIGIN = "http://control-plane"


@dataclass
class Browser:
    """Holds cookies, follows nothing by itself, and reaches the control plane and the provider alike."""

    client: httpx.AsyncClient
    outside: httpx.AsyncClient

    async def leave(self, **query: str) -> str:
        """Start a sign-in; where the browser is sent to."""
        answer = await self.client.get("/api/auth/sso/start", params=query)
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    async def visit(self, url: str) -> str:
        """The provider lets the person in at once; where it sends them back to."""
        answer = await self.outside.get(url)
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    async def come_back(self, url: str) -> str:
        answer = await self.client.get(url)
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    async def walk(self, **query: str) -> str:
        """All of it; where the browser ends."""
        return await self.come_back(await self.visit(await self.leave(**query)))

    async def exchange(self, location: str) -> httpx.Response:
        return await self.client.post("/api/auth/sso/exchange", json={"code": fragment(location)["code"]})

    async def sign_in(self, **query: str) -> dict[str, Any]:
        answer = await self.exchange(await self.walk(**query))
        assert answer.status_code == 200, answer.text
        data: dict[str, Any] = answer.json()["data"]
        return data


@dataclass
class SsoPlane:
    control: ControlPlane

    @asynccontextmanager
    async def browser(self) -> AsyncIterator[Browser]:
        transport = httpx.ASGITransport(app=self.control.app)
        async with (
            httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client,
            httpx.AsyncClient() as outside,
        ):
            yield Browser(client, outside)

    async def admin(self, tenant_id: str = "acme") -> dict[str, str]:
        """Headers of an admin of a new tenant."""
        email = f"boss@{tenant_id}.example"
        await self.control.add_tenant(tenant_id)
        user_id = await self.control.add_user(email, {tenant_id: Role.ADMIN})
        async with self.control.database.write(SYSTEM) as tx:  # as after a password, without the wait for one
            session = await identity.open_session_for(tx, user_id, tenant_id, Method.PASSWORD, 1)
        return bearer((await self.control.app.state.sessions.signed_in(session)).token)

    async def put(self, headers: dict[str, str], issuer: str, **changes: Any) -> httpx.Response:
        body = {
            "issuer": issuer,
            "client_id": "opsplane",
            "client_secret": "s3cret & more",
            "display_name": "Acme login",
            "email_domains": ["acme.example"],
            "default_role": "viewer",
            "create_users": True,
            **changes,
        }
        return await self.control.client.put("/api/auth/sso", json=body, headers=headers)

    async def connect(self, issuer: str, tenant_id: str = "acme", **changes: Any) -> dict[str, str]:
        """A new tenant with a connection; headers of its admin."""
        headers = await self.admin(tenant_id)
        answer = await self.put(headers, issuer, **changes)
        assert answer.status_code == 200, answer.text
        return headers

    async def refusals(self) -> list[tuple[str, str]]:
        """Code and words, as the tenant's admins find them in their audit log."""
        rows = await self.control.sql(
            "select body ->> 'refusal', body ->> 'detail' from events where kind = 'sso.refused' order by id"
        )
        return [(row[0], row[1]) for row in rows]


def fragment(location: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(location).fragment).items()}


def error_of(location: str) -> str:
    parts = urlsplit(location)
    assert parts.path == "/login", location
    return parse_qs(parts.query)["error"][0]
