"""Create and migrate tenants' schemas and roles. Runs under the owner's login, never under the one that serves
requests.

A new tenant takes a ready-made spare schema and renames it (half a millisecond); the pool of spares is refilled in the
background (about 0.2 s each). One history of migrations runs over all tenants, with a version per tenant in
``plane.tenants``, so that a run that stops half-way goes on where it was.
"""

import asyncio
import secrets
from collections.abc import Sequence
from pathlib import Path

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from shared.contracts.tenants import TenantActual, TenantWanted
from shared.migrations import TIMEOUTS, Migration, migrate_schema, read_migrations
from shared.roles import ensure_role
from shared.work.queue import install_queue

FOLDER = Path(__file__).parent.parent / "migrations"
APP_ROLE = "opsplane_app"
Connection = asyncpg.Connection | PoolConnectionProxy
TENANT_GROUP = "opsplane_tenants"
"""What every tenant's role may do outside its own schema, granted once: an ACL with a row per tenant would grow without
end.
"""
APPEND_ONLY = ("alert_events", "events", "incident_timeline")
SPARES_WANTED = 3
OLDEST_POSTGRES = 160000


class UnsupportedDatabase(Exception):
    """One sentence that says which Postgres is needed."""


async def prepare_database(owner_url: str, app_password: str) -> None:
    """Roles, the plane's schema, all tenants at the newest version. Safe to repeat and to run twice at once."""
    connection = await asyncpg.connect(owner_url, timeout=10)
    try:
        if connection.get_server_version().major * 10000 < OLDEST_POSTGRES:
            raise UnsupportedDatabase("Opsplane needs PostgreSQL 16 or newer.")
        await connection.execute("select pg_advisory_lock(hashtext('opsplane:prepare'))")
        await ensure_role(connection, APP_ROLE, password=app_password)
        await ensure_role(connection, TENANT_GROUP)
        await install_queue(connection)
        await migrate_schema(connection, "plane", FOLDER / "plane")
        await connection.execute(PLANE_GRANTS)
    finally:
        await connection.close()
    await migrate_tenants(owner_url)


PLANE_GRANTS = f"""
    grant usage on schema plane, queue to {APP_ROLE};
    grant select on plane.tenants to {APP_ROLE};
    grant select, insert, update on plane.signing_keys to {APP_ROLE};
    grant select, insert, update, delete on all tables in schema queue to {APP_ROLE};
    grant usage on all sequences in schema queue to {APP_ROLE};
    revoke execute on function plane.publish from public;
    grant usage on schema plane to {TENANT_GROUP};
    grant execute on function plane.publish to {TENANT_GROUP};
"""


async def migrate_tenants(owner_url: str, *, concurrency: int = 4) -> int:
    """Bring every tenant and spare to the newest version; returns how many changed. Nothing to do costs one query."""
    migrations = read_migrations(FOLDER / "tenant")
    pool = await asyncpg.create_pool(owner_url, min_size=1, max_size=concurrency, timeout=10)
    try:
        behind: Sequence[asyncpg.Record] = await pool.fetch(
            "select schema_name from plane.tenants where schema_version < $1"
            " union all select schema_name from plane.spares where schema_version < $1",
            len(migrations),
        )
        gate = asyncio.Semaphore(concurrency)

        async def one(schema: str) -> None:
            async with gate, pool.acquire() as connection:
                await _migrate_tenant(connection, schema, migrations)

        await asyncio.gather(*(one(row["schema_name"]) for row in behind))
        return len(behind)
    finally:
        await pool.close()


async def _migrate_tenant(connection: Connection, schema: str, migrations: Sequence[Migration]) -> None:
    async with connection.transaction():
        found = await connection.fetchrow(
            "select schema_version from plane.tenants where schema_name = $1 for update", schema
        ) or await connection.fetchrow(
            "select schema_version from plane.spares where schema_name = $1 for update", schema
        )
        if found is not None:
            await _apply(connection, schema, migrations[found["schema_version"] :])
            for table in ("tenants", "spares"):
                await connection.execute(
                    f"update plane.{table} set schema_version = $2 where schema_name = $1", schema, len(migrations)
                )


async def _apply(connection: Connection, schema: str, migrations: Sequence[Migration]) -> None:
    await connection.execute(TIMEOUTS + f'set local search_path = "{schema}"')
    for migration in migrations:
        await connection.execute(migration.sql)
    await connection.execute(
        f'grant select, insert, update, delete on all tables in schema "{schema}" to "{schema}";'
        + "".join(f'revoke update, delete on "{schema}".{table} from "{schema}";' for table in APPEND_ONLY)
    )


async def _create_spare(connection: asyncpg.Connection) -> str:
    schema, migrations = f"t_spare_{secrets.token_hex(6)}", read_migrations(FOLDER / "tenant")
    async with connection.transaction():
        await connection.execute(
            f'create role "{schema}" nologin; grant "{schema}" to {APP_ROLE}; create schema "{schema}";'
            f'grant {TENANT_GROUP} to "{schema}"; grant usage on schema "{schema}" to "{schema}";'
        )
        await _apply(connection, schema, migrations)
        await connection.execute(
            "insert into plane.spares (schema_name, schema_version) values ($1, $2)", schema, len(migrations)
        )
    return schema


class Provisioner:
    """Makes a tenant usable, or brings its snapshot up to date; one short connection per call, as the owner."""

    def __init__(self, owner_url: str) -> None:
        self._owner_url = owner_url
        self._refilling: asyncio.Task[None] | None = None

    async def ensure(self, tenant_id: str, wanted: TenantWanted) -> TenantActual:
        """Level-triggered: the first call creates, later ones change name, plan and state."""
        connection = await asyncpg.connect(self._owner_url, timeout=5)
        try:
            async with connection.transaction():
                await connection.execute("select pg_advisory_xact_lock(hashtext($1))", f"tenant:{tenant_id}")
                row = await connection.fetchrow(UPDATE, tenant_id, wanted.name, wanted.plan, wanted.state)
                if row is None:
                    schema, version = await self._claim(connection, schema_of(tenant_id))
                    row = await connection.fetchrow(
                        INSERT, tenant_id, schema, wanted.name, wanted.plan, wanted.state, version
                    )
                assert row is not None, "an insert without conflict clause returns its row"
        finally:
            await connection.close()
        if self._refilling is None or self._refilling.done():
            self._refilling = asyncio.create_task(self.refill())
        return TenantActual(tenant_id=tenant_id, state=row["state"], schema_version=row["schema_version"])

    async def _claim(self, connection: asyncpg.Connection, schema: str) -> tuple[str, int]:
        spare = await connection.fetchrow(CLAIM_SPARE)
        if spare is None:
            await _create_spare(connection)
            spare = await connection.fetchrow(CLAIM_SPARE)
        assert spare is not None, "made a moment ago, in this transaction"
        await connection.execute(
            f'alter schema "{spare["schema_name"]}" rename to "{schema}";'
            f'alter role "{spare["schema_name"]}" rename to "{schema}";'
        )
        return schema, spare["schema_version"]

    async def refill(self) -> None:
        """Keep SPARES_WANTED ready-made schemas. A spare made twice by two processes is only used later."""
        connection = await asyncpg.connect(self._owner_url, timeout=5)
        try:
            ready = await connection.fetchval("select count(*) from plane.spares")
            for _ in range(SPARES_WANTED - ready):
                await _create_spare(connection)
        finally:
            await connection.close()


def schema_of(tenant_id: str) -> str:
    """Injective, since a tenant_id has no underscore."""
    return "t_" + tenant_id.replace("-", "_")


UPDATE = (
    "update plane.tenants set name = $2, plan = $3, state = $4, updated_at = now() where tenant_id = $1"
    " returning state, schema_version"
)
INSERT = (
    "insert into plane.tenants (tenant_id, schema_name, name, plan, state, schema_version)"
    " values ($1, $2, $3, $4, $5, $6) returning state, schema_version"
)
CLAIM_SPARE = (
    "delete from plane.spares where schema_name ="
    " (select schema_name from plane.spares order by created_at limit 1 for update skip locked)"
    " returning schema_name, schema_version"
)
