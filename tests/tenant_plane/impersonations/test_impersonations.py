"""A super-admin inside a tenant: known before they come, seen by the tenant, bounded in time and in what they may."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from uuid_utils.compat import uuid7

from shared.contracts.impersonations import Impersonation
from shared.contracts.tenants import Standing
from shared.tx import Tenant
from shared.web.operations import PATH_PARAMETER
from tenant_plane.app import OPERATIONS
from tenant_plane.core.permissions import LOOKING_AROUND, ROLES, VIEWER, Permission
from tests.isolation.support import body_of
from tests.support.tenant_plane import Plane, data, opened, refused

ROOT = "root@opsplane.example"


def told(plane: Plane, *, read_only: bool = True, **changes: Any) -> Impersonation:
    now = plane.clock()
    values = {
        "id": UUID(str(uuid7())),
        "by": ROOT,
        "reason": "ticket 4711",
        "read_only": read_only,
        "starts_at": now,
        "ends_at": now + timedelta(minutes=10),
    }
    return Impersonation(**{**values, **changes})


async def tell(plane: Plane, tenant: Tenant, what: Impersonation, path_id: object = None) -> httpx.Response:
    path = f"/internal/tenants/{tenant.id}/impersonations/{path_id or what.id}"
    async with plane.control_plane() as control:
        return await control.put(path, json=what.model_dump(mode="json"))


def inside(plane: Plane, tenant: Tenant, what: Impersonation, role: str | None = None) -> httpx.AsyncClient:
    """With the token that the control plane would issue."""
    role = role or ("viewer" if what.read_only else "admin")
    token = plane.issuer.token(tenant.id, role, email=ROOT, sid=str(what.id), impersonated_by=what.by)
    return plane.client(authorization=f"Bearer {token}")


async def begun(plane: Plane, tenant: Tenant, **changes: Any) -> Impersonation:
    what = told(plane, **changes)
    assert (await tell(plane, tenant, what)).status_code == 204
    return what


def test_looking_around_changes_nothing() -> None:
    assert {
        Permission.API_KEYS_READ,
        Permission.AUDIT_READ,
        Permission.IMPERSONATIONS_READ,
    } == LOOKING_AROUND - VIEWER
    assert ROLES["admin"] >= LOOKING_AROUND


async def test_a_token_alone_is_not_enough(plane: Plane, tenant: Tenant) -> None:
    """Signed by the control plane, and yet this plane was told nothing."""
    async with inside(plane, tenant, told(plane)) as root:
        refused(await root.get("/api/incidents"), 401, "UNAUTHORIZED")


async def test_another_tenants_impersonation_is_none_here(plane: Plane, tenant: Tenant) -> None:
    other = await plane.new_tenant()
    what = await begun(plane, other)
    async with inside(plane, tenant, what) as root, inside(plane, other, what) as there:
        refused(await root.get("/api/incidents"), 401, "UNAUTHORIZED")
        assert (await there.get("/api/incidents")).status_code == 200


async def test_read_only_by_what_this_plane_was_told(plane: Plane, tenant: Tenant) -> None:
    """Every operation, also with a token that claims to be an admin's."""
    what = await begun(plane, tenant)
    async with inside(plane, tenant, what, "admin") as root, plane.unchanged(tenant):
        for operation in [one for one in OPERATIONS if one.id != "export_audit_log"]:  # it notes itself
            path = PATH_PARAMETER.sub(lambda found: str(uuid7()), operation.path)
            answer = await root.request(operation.method, path, **body_of(operation))
            assert operation.method == "GET" or answer.status_code == 403, operation.id
        for path in ("/api/incidents", "/api/alerts", "/api/apikeys", "/api/audit", "/api/impersonations"):
            assert (await root.get(path)).status_code == 200, path
        refused(await root.get("/api/webhook/dead-letter"), 403, "FORBIDDEN")


async def test_writing_shows_who_it_was(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient) -> None:
    what = await begun(plane, tenant, read_only=False)
    async with inside(plane, tenant, what) as root:
        incident = await opened(root)
    name = f"{ROOT} as admin"
    timeline = data(await admin.get(f"/api/incidents/{incident['reference']}/timeline"))["items"]
    assert {entry["actor"] for entry in timeline} == {name}
    entries = data(await admin.get("/api/audit", params={"action": "incident."}))["items"]
    assert {(entry["actor_name"], entry["impersonated_by"]) for entry in entries} == {(name, ROOT)}


async def test_the_tenants_admins_see_it(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient) -> None:
    first = await begun(plane, tenant, starts_at=plane.clock() - timedelta(minutes=1))
    what = await begun(plane, tenant, read_only=False)
    items = data(await admin.get("/api/impersonations"))["items"]
    assert [item["id"] for item in items] == [str(what.id), str(first.id)]
    assert (items[0]["by"], items[0]["reason"], items[0]["read_only"], items[0]["is_running"]) == (
        ROOT,
        "ticket 4711",
        False,
        True,
    )
    paged = data(await admin.get("/api/impersonations?limit=1"))
    rest = data(await admin.get("/api/impersonations", params={"limit": 1, "cursor": paged["next_cursor"]}))
    assert [item["id"] for item in rest["items"]] == [str(first.id)]
    entries = data(await admin.get("/api/audit", params={"action": "impersonation."}))["items"]
    assert [(entry["action"], entry["target"]) for entry in entries] == [
        ("impersonation.started", f"impersonation:{what.id}"),
        ("impersonation.started", f"impersonation:{first.id}"),
    ]


async def test_an_end_acts_within_five_seconds(plane: Plane, tenant: Tenant) -> None:
    """Here at once; in a process that did not hear it, when its memory is four seconds old."""
    what = await begun(plane, tenant)
    deaf = plane.app.state.actors.impersonations
    async with inside(plane, tenant, what) as root:
        assert (await root.get("/api/incidents")).status_code == 200
        ended = what.model_copy(update={"ended_at": plane.clock()})
        remembered = dict(deaf._running)
        assert (await tell(plane, tenant, ended)).status_code == 204
        refused(await root.get("/api/incidents"), 401, "UNAUTHORIZED")
        deaf._running = remembered
        assert (await root.get("/api/incidents")).status_code == 200
        plane.clock.forward(seconds=4)
        refused(await root.get("/api/incidents"), 401, "UNAUTHORIZED")


async def test_it_ends_by_itself(plane: Plane, tenant: Tenant) -> None:
    what = await begun(plane, tenant, ends_at=plane.clock() + timedelta(minutes=1))
    async with inside(plane, tenant, what) as root:
        assert (await root.get("/api/incidents")).status_code == 200
        plane.clock.forward(minutes=1)
        refused(await root.get("/api/incidents"), 401, "UNAUTHORIZED")


async def test_one_that_has_ended_never_begins_again(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient) -> None:
    """The two calls may arrive in the other order, and each more than once."""
    what = told(plane)
    ended = what.model_copy(update={"ended_at": plane.clock()})
    for message in (ended, what, ended, what):
        assert (await tell(plane, tenant, message)).status_code == 204
    async with inside(plane, tenant, what) as root:
        refused(await root.get("/api/incidents"), 401, "UNAUTHORIZED")
    entries = data(await admin.get("/api/audit", params={"action": "impersonation."}))["items"]
    assert [entry["action"] for entry in entries] == ["impersonation.ended", "impersonation.started"]


async def test_a_suspended_tenant_can_be_looked_at(plane: Plane, tenant: Tenant) -> None:
    await plane.set_wanted(tenant, Standing.SUSPENDED)
    what = await begun(plane, tenant)
    async with inside(plane, tenant, what) as root:
        assert (await root.get("/api/incidents")).status_code == 200


@pytest.mark.parametrize("role", ["viewer", "operator"])
async def test_others_do_not_see_them(plane: Plane, tenant: Tenant, role: str) -> None:
    async with plane.client(tenant, role) as client:
        refused(await client.get("/api/impersonations"), 403, "FORBIDDEN")


async def test_what_is_not_believed(plane: Plane, tenant: Tenant) -> None:
    what = told(plane)
    assert (await tell(plane, tenant, what, uuid7())).status_code == 422
    assert (await tell(plane, Tenant("never-was", "t_never_was"), what)).status_code == 404
    async with plane.client(tenant) as admin:
        path = f"/internal/tenants/{tenant.id}/impersonations/{what.id}"
        answer = await admin.put(path, json=what.model_dump(mode="json"))
    assert answer.status_code == 401
    assert await plane.rows(tenant, "select id from impersonations") == []
