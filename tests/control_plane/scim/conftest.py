"""A tenant with a directory: its SCIM token, as headers of a client."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from control_plane.identity.rules import Role
from tests.control_plane.support import ControlPlane, bearer

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@dataclass
class Directory:
    control: ControlPlane
    client: httpx.AsyncClient
    token: str

    async def create(self, user_name: str, **attributes: Any) -> httpx.Response:
        body = {"schemas": [USER], "userName": user_name, "active": True, **attributes}
        return await self.client.post("/Users", json=body)

    async def created(self, user_name: str, **attributes: Any) -> dict[str, Any]:
        answer = await self.create(user_name, **attributes)
        assert answer.status_code == 201, answer.text
        user: dict[str, Any] = answer.json()
        return user

    async def patch(self, user_id: str, *operations: dict[str, Any]) -> httpx.Response:
        return await self.client.patch(f"/Users/{user_id}", json={"schemas": [PATCH], "Operations": list(operations)})

    async def find(self, expression: str) -> list[str]:
        answer = await self.client.get("/Users", params={"filter": expression})
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert body["totalResults"] == body["itemsPerPage"] == len(body.get("Resources", []))
        return [user["userName"] for user in body.get("Resources", [])]

    async def members(self) -> list[tuple[str, str, bool]]:
        rows = await self.control.sql(
            "select u.email, m.role, m.deactivated_at is null from memberships m join users u on u.id = m.user_id"
            " where m.tenant_id = 'acme' order by u.email"
        )
        return [(row[0], row[1], row[2]) for row in rows]


@pytest.fixture
async def admin(control: ControlPlane) -> dict[str, str]:
    """Headers of the only admin of ``acme``."""
    await control.add_tenant("acme")
    await control.add_user("boss@acme.example", {"acme": Role.ADMIN})
    return bearer((await control.sign_in("boss@acme.example"))["token"])


@pytest.fixture
async def directory(control: ControlPlane, admin: dict[str, str]) -> AsyncIterator[Directory]:
    made = await control.client.post("/api/auth/sso/scim-token", headers=admin)
    assert made.status_code == 201, made.text
    data = made.json()["data"]
    transport = httpx.ASGITransport(app=control.app)
    headers = {**bearer(data["token"]), "content-type": "application/scim+json"}
    async with httpx.AsyncClient(transport=transport, base_url=data["base_url"], headers=headers) as client:
        yield Directory(control, client, data["token"])
