"""The archive that leaves the provider, and the note in the tenant's own audit log before it."""

import json

import pytest
from uuid_utils.compat import uuid7

from shared.contracts.archive import KEPT_ANSWERS
from shared.contracts.tenants import Standing
from tests.support.tenant_plane import Plane, refused
from tests.tenant_plane.core.archives import bring, fetch, internal, parts, whole


async def test_an_export_leaves_kept_answers_behind_and_a_move_takes_them(plane: Plane, elsewhere: Plane) -> None:
    """A new key is in the answer that is kept: whoever repeats the request gets it again, after a move as before."""
    tenant = await plane.new_tenant()
    async with plane.client(tenant) as client:
        made = await client.post(
            "/api/apikeys", json={"name": "shown once", "scope": "ingestion"}, headers={"idempotency-key": "k"}
        )
    assert made.status_code == 201
    async with internal(plane) as client:
        exported = await client.get(f"/internal/tenants/{tenant.id}/export")
    moved = await fetch(plane, tenant.id)
    folder = f"tables/{KEPT_ANSWERS}/"
    assert [name for name, _ in await parts(exported.content) if name.startswith(folder)] == []
    assert [name for name, _ in await parts(moved) if name.startswith(folder)] == [f"{folder}00000001.copy"]
    before = await whole(plane, tenant.id)
    assert (await bring(elsewhere, tenant.id, exported.content)).status_code == 201
    arrived = await whole(elsewhere, tenant.id)
    assert before["rows"][KEPT_ANSWERS] != []
    assert arrived == {**before, "rows": {**before["rows"], KEPT_ANSWERS: []}}


@pytest.mark.parametrize("standing", [Standing.ACTIVE, Standing.SUSPENDED])
async def test_who_takes_an_export_stands_in_the_tenants_own_log(plane: Plane, standing: Standing) -> None:
    tenant = await plane.new_tenant()
    await plane.set_wanted(tenant, standing)
    note = {"operation_id": str(uuid7()), "by": "root@opsplane.example", "reason": "They asked for it"}
    async with internal(plane) as client:
        told = await client.post(f"/internal/tenants/{tenant.id}/export", json=note)
    assert told.status_code == 204
    newest = "select action, target, actor_name, details from audit_log order by seq desc limit 1"
    action, target, actor, details = (await plane.rows(tenant, newest))[0]
    assert (action, target, actor) == ("tenant.exported", f"tenant:{tenant.id}", "control plane")
    assert json.loads(details) == {"tenant_id": tenant.id, **note}


@pytest.mark.parametrize("note", [{}, {"operation_id": "7", "by": "x", "reason": "y"}])
async def test_a_note_that_is_none_is_refused(plane: Plane, note: dict[str, str]) -> None:
    tenant = await plane.new_tenant()
    async with internal(plane) as client, plane.unchanged(tenant):
        refused(await client.post(f"/internal/tenants/{tenant.id}/export", json=note), 422, "VALIDATION_ERROR")
        nobody = {"operation_id": str(uuid7()), "by": "x", "reason": "y"}
        refused(await client.post("/internal/tenants/never-was/export", json=nobody), 404, "NOT_FOUND")
        refused(await client.get("/internal/tenants/never-was/export"), 404, "NOT_FOUND")
