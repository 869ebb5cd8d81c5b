"""Create, migrate and drop tenants' schemas and roles. Runs under the owner's login, never under the one that serves
requests.

A new tenant takes a ready-made spare schema and renames it (half a millisecond); the pool of spares is refilled in the
background (about 0.2 s each). One history of migrations runs over all tenants, with a version per tenant in
``plane.tenants``, so that a run that stops half-way goes on where it was.
"""

import asyncio
import itertools
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import structlog
from asyncpg.pool import PoolConnectionProxy

from shared.contracts.limits import Limits
from shared.contracts.tenants import Standing, TenantActual, TenantWanted
from shared.database import absence_is_unavailable
from shared.errors import Unavailable
from shared.migrations import TIMEOUTS, Migration, migrate_schema, read_migrations
from shared.roles import ensure_role
from shared.work.queue import install_queue

log = structlog.get_logger()
FOLDER = Path(__file__).parent.parent / "migrations"
NEWEST = len(read_migrations(FOLDER / "tenant"))
"""The version of a tenant's schema that this code expects."""
APP_ROLE = "opsplane_app"
Connection = asyncpg.Connection | PoolConnectionProxy
TENANT_GROUP = "opsplane_tenants"
"""What every tenant's role may do outside its own schema, granted once: an ACL with a row per tenant would grow without
end.
"""
APPEND_ONLY = ("alert_events", "audit_log", "events", "incident_timeline")
SPARES_WANTED = 3
OLDEST_POSTGRES = 160000
CHANGED = "opsplane_tenants"
"""The channel on which every process hears that a tenant's snapshot has changed; the payload is its id."""
WRITERS_SECONDS = 15
"""How long a change waits for the tenant's open write transactions."""

LOCK_ATTEMPTS, LOCK_PAUSE_SECONDS = 3, 0.3
Progress = Callable[[int, int], None]
"""How many are done, of how many."""


class UnsupportedDatabase(Exception):
    """One sentence that says which Postgres is needed."""


@dataclass(slots=True)
class Migrated:
    """``failed``: the schemas that stay at an older version, and why, in one line each."""

    changed: int = 0
    failed: dict[str, str] = field(default_factory=dict)


class TenantsNotMigrated(Exception):
    def __init__(self, failed: Mapping[str, str]) -> None:
        told = "; ".join(f"{schema}: {reason}" for schema, reason in sorted(failed.items())[:5])
        super().__init__(f"{len(failed)} tenants stay at an older version, all others are at the newest. {told}")
        self.failed = failed


async def prepare_database(
    owner_url: str, app_password: str, *, progress: Progress = lambda done, of: None
) -> Migrated:
    """Roles, the plane's schema, all tenants at the newest version. Safe to repeat and to run twice at once.

    A tenant that can't be brought there is told in the answer and stops nobody else.
    """
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
    return await migrate_tenants(owner_url, progress=progress)


PLANE_GRANTS = f"""
    grant usage on schema plane, queue to {APP_ROLE};
    grant select, update (swept_at, held_next_at) on plane.tenants to {APP_ROLE};
    grant select on plane.due to {APP_ROLE};
    grant select, insert, update, delete on plane.signing_keys to {APP_ROLE};
    grant select, insert, update, delete on plane.request_counts to {APP_ROLE};
    grant select, insert, update, delete on all tables in schema queue to {APP_ROLE};
    grant usage on all sequences in schema queue to {APP_ROLE};
    revoke execute on all functions in schema plane from public;
    grant execute on function plane.enter(text), plane.enter(text, int), plane.count_held to {APP_ROLE};
    grant usage on schema plane to {TENANT_GROUP};
    grant execute on function plane.publish, plane.own_plan, plane.note_held, plane.put_off_held,
        plane.forget_before, plane.take_due, plane.note_due to {TENANT_GROUP};
"""


async def migrate_tenants(
    owner_url: str,
    *,
    concurrency: int = 4,
    folder: Path = FOLDER / "tenant",
    progress: Progress = lambda done, of: None,
) -> Migrated:
    """Bring every tenant and spare to the newest version. Nothing to do costs one query.

    Each in a transaction of its own, with its version: whatever ends this half-way, the next run goes on from there,
    and two runs at once share the work. One that fails does not keep the others from theirs.
    """
    migrations, migrated = read_migrations(folder), Migrated()
    # A backend keeps about a megabyte for every tenant that it has touched, so that it is changed now and then.
    pool = await asyncpg.create_pool(owner_url, min_size=1, max_size=concurrency, timeout=10, max_queries=1000)
    try:
        behind = [row["schema_name"] for row in await pool.fetch(BEHIND, len(migrations))]
        waiting = iter(behind)

        async def work() -> None:
            for schema in waiting:
                try:
                    changed = await _migrate_tenant(pool, schema, migrations)
                    migrated.changed += changed
                except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
                    reason = f"{type(error).__name__}: {error}".splitlines()[0]
                    log.error("tenant_not_migrated", schema=schema, error=reason)
                    migrated.failed[schema] = reason
                progress(next(done), len(behind))

        done = itertools.count(1)
        async with asyncio.TaskGroup() as group:
            for _ in range(min(concurrency, len(behind))):
                group.create_task(work())
        return migrated
    finally:
        await pool.close()


async def _migrate_tenant(pool: asyncpg.Pool, schema: str, migrations: Sequence[Migration]) -> bool:
    """Whether this run did it. Once more, and once more, while others hold its tables longer than a lock may wait."""
    for attempt in range(LOCK_ATTEMPTS):
        try:
            async with pool.acquire() as connection, connection.transaction():
                return await _migrate_locked(connection, schema, migrations)
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            if attempt == LOCK_ATTEMPTS - 1:
                raise
        await asyncio.sleep(LOCK_PAUSE_SECONDS)
    raise AssertionError("the last attempt returns or raises")


async def _migrate_locked(connection: Connection, schema: str, migrations: Sequence[Migration]) -> bool:
    for table in ("tenants", "spares"):
        version = await connection.fetchval(
            f"select schema_version from plane.{table} where schema_name = $1 for update", schema
        )
        if version is None:
            continue
        if version < len(migrations):
            await run_migrations(connection, schema, migrations[version:])
            await grant_schema(connection, schema)
            await connection.execute(
                f"update plane.{table} set schema_version = $2 where schema_name = $1", schema, len(migrations)
            )
        return bool(version < len(migrations))
    return False


# In any order, so that two runs at once do not follow each other from lock to lock.
BEHIND = (
    "select schema_name from (select schema_name, schema_version from plane.tenants"
    " union all select schema_name, schema_version from plane.spares) as known"
    " where schema_version < $1 order by random()"
)


async def create_schema(connection: Connection, schema: str) -> None:
    """Empty, with its role; what the role may do there, once the tables are there, is ``grant_schema``."""
    await connection.execute(
        f'create role "{schema}" nologin; grant "{schema}" to {APP_ROLE}; create schema "{schema}";'
        f'grant {TENANT_GROUP} to "{schema}"; grant usage on schema "{schema}" to "{schema}";'
    )


async def run_migrations(connection: Connection, schema: str, migrations: Sequence[Migration]) -> None:
    await connection.execute(TIMEOUTS + f'set local search_path = "{schema}"')
    for migration in migrations:
        await connection.execute(migration.sql)


async def grant_schema(connection: Connection, schema: str) -> None:
    """For a schema at the newest version."""
    await connection.execute(
        f'grant select, insert, update, delete on all tables in schema "{schema}" to "{schema}";'
        + "".join(f'revoke update, delete on "{schema}".{table} from "{schema}";' for table in APPEND_ONLY)
    )


async def _create_spare(connection: asyncpg.Connection) -> str:
    schema, migrations = f"t_spare_{secrets.token_hex(6)}", read_migrations(FOLDER / "tenant")
    async with connection.transaction():
        await create_schema(connection, schema)
        await run_migrations(connection, schema, migrations)
        await grant_schema(connection, schema)
        await connection.execute(
            "insert into plane.spares (schema_name, schema_version) values ($1, $2)", schema, len(migrations)
        )
    return schema


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A tenant as this plane knows it."""

    wanted: TenantWanted
    schema_version: int

    def actual(self, tenant_id: str) -> TenantActual:
        return TenantActual(
            tenant_id=tenant_id,
            state=self.wanted.state,
            schema_version=self.schema_version,
            generation=self.wanted.generation,
        )


async def wanted_of(connection: Connection, tenant_id: str) -> Snapshot | None:
    row = await connection.fetchrow(SNAPSHOT, tenant_id)
    if row is None:
        return None
    wanted = TenantWanted(
        name=row["name"],
        plan=row["plan"],
        state=Standing(row["state"]),
        limits=Limits.model_validate_json(row["limits"]),
        generation=row["generation"],
        delete_after=row["delete_after"],
    )
    return Snapshot(wanted, row["schema_version"])


async def lock_tenant(connection: Connection, tenant_id: str) -> None:
    """Alone until the end of this transaction: the tenant's writers have ended and the next ones wait."""
    await connection.execute("select pg_advisory_xact_lock(hashtext('tenant:' || $1))", tenant_id)


def _columns(tenant_id: str, wanted: TenantWanted) -> tuple[object, ...]:
    limits = wanted.limits.model_dump_json()
    return tenant_id, wanted.name, wanted.plan, wanted.state.value, limits, wanted.generation, wanted.delete_after


class Provisioner:
    """Makes a tenant usable, brings its snapshot up to date, drops it; one short connection per call, as the owner."""

    def __init__(self, owner_url: str) -> None:
        self._owner_url = owner_url
        self._refilling: asyncio.Task[None] | None = None

    async def ensure(self, tenant_id: str, wanted: TenantWanted) -> TenantActual:
        """Level-triggered: the first call creates, later ones change what differs; a lower generation changes nothing.

        When it returns, no transaction that began under another standing can still commit. Raises Unavailable when
        the tenant's writers do not end in time.
        """
        async with self._connected() as connection:
            known = await wanted_of(connection, tenant_id)
            if known is not None and (known.wanted == wanted or known.wanted.generation > wanted.generation):
                return known.actual(tenant_id)
            async with connection.transaction():
                await lock_tenant(connection, tenant_id)
                known = await wanted_of(connection, tenant_id)
                if known is None:
                    schema, version = await self._claim(connection, schema_of(tenant_id))
                    await connection.execute(INSERT, *_columns(tenant_id, wanted), schema, version)
                    await connection.execute(TELL, tenant_id)
                    known = Snapshot(wanted, version)
                elif known.wanted.generation <= wanted.generation:
                    await connection.execute(UPDATE, *_columns(tenant_id, wanted))
                    await connection.execute(TELL, tenant_id)
                    if wanted.state is Standing.ACTIVE and known.wanted.state is not Standing.ACTIVE:
                        await connection.execute(WAKE, tenant_id)
                    known = Snapshot(wanted, known.schema_version)
        if self._refilling is None or self._refilling.done():
            self._refilling = asyncio.create_task(self.refill())
        return known.actual(tenant_id)

    async def drop(self, tenant_id: str) -> None:
        """Schema, role, row and waiting reactions; one that is not there is gone already."""
        schema = schema_of(tenant_id)
        async with self._connected() as connection, connection.transaction():
            await lock_tenant(connection, tenant_id)
            await connection.execute("delete from queue.pgqueuer where tenant_id = $1", tenant_id)
            await connection.execute("delete from plane.tenants where tenant_id = $1", tenant_id)
            await connection.execute("delete from plane.due where schema_name = $1", schema)
            await connection.execute(f'drop schema if exists "{schema}" cascade; drop role if exists "{schema}"')
            await connection.execute(TELL, tenant_id)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[asyncpg.Connection]:
        async with absence_is_unavailable():
            connection = await asyncpg.connect(
                self._owner_url, timeout=5, server_settings={"lock_timeout": f"{WRITERS_SECONDS}s"}
            )
            try:
                yield connection
            except asyncpg.LockNotAvailableError as error:
                raise Unavailable("The tenant is busy; nothing was changed.", retry_after_seconds=2) from error
            finally:
                await connection.close()

    async def _claim(self, connection: asyncpg.Connection, schema: str) -> tuple[str, int]:
        spare = await connection.fetchrow(CLAIM_SPARE, NEWEST)
        if spare is None:
            await _create_spare(connection)
            spare = await connection.fetchrow(CLAIM_SPARE, NEWEST)
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


SNAPSHOT = (
    "select name, plan, state, limits, generation, delete_after, schema_version from plane.tenants where tenant_id = $1"
)
UPDATE = (
    "update plane.tenants set name = $2, plan = $3, state = $4, limits = $5, generation = $6, delete_after = $7,"
    " held_next_at = '-infinity', updated_at = now()"
    " where tenant_id = $1"
)
INSERT = (
    "insert into plane.tenants (tenant_id, name, plan, state, limits, generation, delete_after, schema_name,"
    " schema_version) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
)
TELL = f"select pg_notify('{CHANGED}', $1)"
WAKE = (
    "update queue.pgqueuer set execute_after = now(), attempts = 0, updated = now()"
    " where tenant_id = $1 and status = 'queued'"
)
"""Reactions that were put off while the tenant stood still."""
CLAIM_SPARE = (
    "delete from plane.spares where schema_name ="
    " (select schema_name from plane.spares where schema_version >= $1 order by created_at limit 1"
    " for update skip locked)"
    " returning schema_name, schema_version"
)
