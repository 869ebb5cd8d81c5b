"""Two whole installations, and a tenant that goes from one to the other as a file."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import pytest

from control_plane.core.system import SYSTEM
from control_plane.tenants.archive.description import Digest
from control_plane.tenants.archive.tables import AUDIT, TABLES, TenantTable
from control_plane.tenants.schemas import ImportQuery, TenantImportRead
from shared.contracts.archive import KEPT_ANSWERS
from shared.errors import AppError
from shared.tar import END, member, members
from tenant_plane.core.archive_tables import tables_of
from tests.support.origin import InProcess

CUSTOM = {
    "name": "pro",
    "limits": {
        "users": 9,
        "api_keys": 9,
        "events_per_month": None,
        "incidents_per_month": None,
        "integrations": 9,
        "retention_days": 9,
    },
}
NEVER_HEARD = """
delete from sessions using memberships m where m.user_id = sessions.user_id and m.tenant_id = 'acme';
delete from sso_connections where tenant_id = 'acme';
delete from sign_in_policies where tenant_id = 'acme';
delete from scim_tokens where tenant_id = 'acme';
delete from invitations where tenant_id = 'acme';
delete from memberships where tenant_id = 'acme';
delete from users where email like '%@acme.example';
delete from operation_steps s using operations o where o.id = s.operation_id and o.tenant_id = 'acme';
delete from operations where tenant_id = 'acme';
delete from limit_overrides where tenant_id = 'acme';
delete from usage_shares where tenant_id = 'acme';
delete from usage_days where tenant_id = 'acme';
delete from tenants where tenant_id = 'acme';
delete from plans where version >= 3 or name = 'special';
"""
REASON = "They move to a place of their own"
WITH_GRANTS = ImportQuery(keep_grants=True)
Parts = list[tuple[str, bytes]]
Row = dict[str, Any]


async def sql(origin: InProcess, statement: str) -> None:
    connection = await asyncpg.connect(origin.owner_url, server_settings={"search_path": "control"})
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def fetch(origin: InProcess, query: str) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(origin.owner_url, server_settings={"search_path": "control"})
    try:
        return [tuple(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()


async def exported(origin: InProcess) -> bytes:
    exporter, content = origin.installation.control.state.exporter, bytearray()

    async def write(piece: bytes) -> None:
        content.extend(piece)

    await exporter.write(SYSTEM, await exporter.start(SYSTEM, "acme", REASON), write)
    return bytes(content)


async def imported(origin: InProcess, content: bytes, wishes: ImportQuery = WITH_GRANTS) -> TenantImportRead:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(content), 60_000):
            yield content[start : start + 60_000]

    tenant: TenantImportRead = await origin.installation.control.state.importer.run(SYSTEM, pieces(), wishes)
    return tenant


async def refused(origin: InProcess, content: bytes, wishes: ImportQuery = WITH_GRANTS) -> tuple[int, str]:
    with pytest.raises(AppError) as caught:
        await imported(origin, content, wishes)
    return caught.value.status, caught.value.code


async def plane_rows(origin: InProcess) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table of the tenant's schema."""
    connection = await asyncpg.connect(origin.owner_url)
    try:
        return {
            table.name: [tuple(row) for row in await connection.fetch(table.query)]
            for table in await tables_of(connection, "t_acme")
        }
    finally:
        await connection.close()


async def leaving_rows(origin: InProcess) -> dict[str, list[tuple[Any, ...]]]:
    """What an export takes along of them."""
    return {**await plane_rows(origin), KEPT_ANSWERS: []}


async def control_rows(origin: InProcess) -> dict[str, list[tuple[Any, ...]]]:
    """All that goes along, row by row; and the tenant itself without what belongs to the place where it runs."""
    rows = {
        table.name: await fetch(
            origin,
            f"select to_jsonb(r)::text from (select * from {table.name} where {of_acme(table)}) r order by 1",
        )
        for table in TABLES
        if table.name != AUDIT
    }
    rows["tenants"] = await fetch(
        origin,
        "select tenant_id, name, plan, plan_version, contact_email, state, suspended_reason, placement, created_at"
        " from control.tenants where tenant_id = 'acme'",
    )
    rows["plans"] = await fetch(origin, "select name, version, rank, limits from control.plans order by 1, 2")
    return rows


def of_acme(table: TenantTable) -> str:
    return table.where.replace(":tenant_id", "'acme'")


async def traces(origin: InProcess) -> list[tuple[Any, ...]]:
    """What is left of acme; after a failed import nothing but the audit log."""
    return await fetch(
        origin,
        "select 'tenant' from control.tenants where tenant_id = 'acme'"
        " union all select 'operation' from control.operations where tenant_id = 'acme'"
        " union all select 'member' from control.memberships where tenant_id = 'acme'"
        " union all select 'person' from control.users where email like '%@acme.example'"
        " union all select 'plane' from plane.tenants where tenant_id = 'acme'"
        " union all select 'schema' from pg_namespace where nspname = 't_acme'"
        " union all select 'role' from pg_roles where rolname = 't_acme'",
    )


async def parts_of(content: bytes) -> Parts:
    async def stream() -> AsyncIterator[bytes]:
        yield content

    return [part async for part in members(stream())]


def closed(parts: Parts) -> bytes:
    """A file with an end that fits, whatever was done to its parts."""
    digest = Digest()
    for name, content in parts:
        digest.take(name, content)
    whole = [*parts, ("end.json", digest.end().model_dump_json().encode())]
    return b"".join(member(name, content) for name, content in whole) + END


def edited(parts: Parts, table: str, change: Callable[[Row], None]) -> Parts:
    """Each row of a table of the control plane, changed."""

    def lines(content: bytes) -> bytes:
        rows = [json.loads(line) for line in content.splitlines()]
        for row in rows:
            change(row)
        return b"".join(json.dumps(row).encode() + b"\n" for row in rows)

    return [(name, lines(content) if name.startswith(f"control/{table}/") else content) for name, content in parts]


def described(parts: Parts, change: Callable[[Row], None]) -> Parts:
    """Another manifest."""
    manifest = json.loads(parts[0][1])
    change(manifest)
    return [("manifest.json", json.dumps(manifest).encode()), *parts[1:]]


async def body_of(origin: InProcess) -> Parts:
    """An export without its end; ``closed`` makes a new one."""
    return (await parts_of(await exported(origin)))[:-1]
