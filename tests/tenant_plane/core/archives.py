"""What tests of archives do over and over: fetch one, bring one, and look at all that a tenant is."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx

from shared.tar import END, member, members
from shared.tx import Tenant
from tenant_plane.core import provision
from tenant_plane.core.archive_tables import tables_of
from tests.support.tenant_plane import Plane, fired, opened

ODD = 'tab\tline\nback\\slash \\N "quote" \u202e emoji 🧨 nul-free'


def internal(plane: Plane) -> httpx.AsyncClient:
    return plane.control_plane()


async def lived_in(plane: Plane) -> Tenant:
    """A tenant with something in most tables, odd texts, and jobs that still wait."""
    tenant = await plane.new_tenant()
    async with plane.client(tenant) as client:
        for service in ("payments", "checkout", ODD):
            await fired(client, service=service)
        await client.post("/api/webhook", content=b"not json")
        await client.post("/api/apikeys", json={"name": ODD, "scope": "ingestion"})
        incident = await opened(client, title=ODD)
        await client.post(f"/api/incidents/{incident['reference']}/acknowledge", json={})
    return tenant


async def fetch(plane: Plane, tenant_id: str) -> bytes:
    async with internal(plane) as client:
        answer = await client.get(f"/internal/tenants/{tenant_id}/archive")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-tar"), answer.text
    return answer.content


async def bring(plane: Plane, tenant_id: str, content: Any) -> httpx.Response:
    async with internal(plane) as client:
        return await client.put(f"/internal/tenants/{tenant_id}/archive", content=content)


async def whole(plane: Plane, tenant_id: str) -> dict[str, Any]:
    """Every row of every table of the tenant's schema, its sequences, and its row in the plane's own table."""
    schema = provision.schema_of(tenant_id)
    connection = await asyncpg.connect(plane.owner_url)
    try:
        rows = {
            table.name: [tuple(row) for row in await connection.fetch(table.query)]
            for table in await tables_of(connection, schema)
        }
        sequences = await connection.fetch(
            "select sequencename, last_value from pg_sequences where schemaname = $1 order by 1", schema
        )
        known = await connection.fetchrow(
            "select name, plan, state, limits, generation, held_since, schema_version from plane.tenants"
            " where tenant_id = $1",
            tenant_id,
        )
        jobs = await connection.fetch(
            "select entrypoint, convert_from(payload, 'UTF8')::jsonb as job, tenant_id from queue.pgqueuer"
            " where tenant_id = $1 order by id",
            tenant_id,
        )
        rights = await connection.fetch(
            "select table_name, privilege_type from information_schema.table_privileges"
            " where table_schema = $1 and grantee = $1 order by 1, 2",
            schema,
        )
        return {
            "rows": rows,
            "sequences": [tuple(row) for row in sequences],
            "known": None if known is None else tuple(known),
            "jobs": [tuple(row) for row in jobs],
            "rights": [tuple(row) for row in rights],
        }
    finally:
        await connection.close()


async def traces(plane: Plane, tenant_id: str) -> tuple[Any, ...]:
    """What is left of a tenant anywhere: nothing, after a restore that failed."""
    connection = await asyncpg.connect(plane.owner_url)
    try:
        return (
            await connection.fetchval("select count(*) from plane.tenants where tenant_id = $1", tenant_id),
            await connection.fetchval("select count(*) from queue.pgqueuer where tenant_id = $1", tenant_id),
            await connection.fetchval("select to_regnamespace($1)::text", provision.schema_of(tenant_id)),
            await connection.fetchval("select to_regrole($1)::text", provision.schema_of(tenant_id)),
        )
    finally:
        await connection.close()


NOTHING = (0, 0, None, None)


async def parts(content: bytes) -> list[tuple[str, bytes]]:
    return [found async for found in members(pieces(content))]


async def pieces(content: bytes, size: int = 1000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


def tar(found: list[tuple[str, bytes]]) -> bytes:
    return b"".join(member(name, content) for name, content in found) + END
