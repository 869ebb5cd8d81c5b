"""TENANT ISOLATION LIVES HERE.

Every transaction begins with one statement that sets, for this transaction only, the tenant's role and search_path.
The login role owns nothing and inherits nothing, so an unbound query fails, and naming another tenant's schema is
refused by Postgres. Never plain SET (it leaks through the pool), never ``schema_translate_map`` (raw SQL escapes it).

The same statement asks, for a write, how the tenant stands, and holds that for the length of the transaction: once the
plane has answered that a tenant is frozen or suspended, nothing that began before can still commit. And it asks for the
schema's version: a tenant whose migration has failed is not served by code that expects a newer schema.
"""

import json
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar

import asyncpg
from sqlalchemy import TextClause, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from uuid_utils.compat import uuid7

from shared.audit.log import append
from shared.contracts.tenants import Standing
from shared.database import absence_is_unavailable, sqlstate, touch
from shared.errors import Forbidden, Unauthorized, Unavailable
from shared.trace import current_trace_id
from shared.tx import Actor, Clock, Event, ReadTx, Tenant, WriteTx, utc_now
from tenant_plane.core.permissions import ROLES
from tenant_plane.core.provision import NEWEST

BIND_READ = text(
    "select set_config('transaction_read_only', 'on', true),"
    " (select t.schema_version from plane.tenants t where t.schema_name = :schema) as version,"
    " set_config('role', :schema, true), set_config('search_path', :schema, true)"
)
# From left to right: the login role enters, the tenant's role goes on.
BIND_WRITE = text(
    "select set_config('transaction_read_only', 'off', true), plane.enter(:tenant_id, :version) as standing,"
    " set_config('role', :schema, true), set_config('search_path', :schema, true)"
)
UPGRADING = "upgrading"
"""What plane.enter answers instead of the standing when the schema is older than this code."""
NO_SUCH_ROLE = "22023"
RECORD = """
with recorded as (
    insert into events (id, kind, body, actor, trace_id, created_at)
    select e.id, e.kind, e.body::jsonb, $4, $5, $6 from unnest($1::uuid[], $2::text[], $3::text[]) as e (id, kind, body)
)
select plane.publish($1, $2, $7)
"""


class TenantSuspended(Forbidden):
    code: ClassVar[str] = "TENANT_SUSPENDED"

    def __init__(self, delete_after: datetime | None = None) -> None:
        why = "suspended"
        if delete_after is not None:
            why = f"to be deleted on {delete_after.astimezone(UTC).date()} (UTC)"
        super().__init__(f"This tenant is {why}: everything can be read, nothing can be changed.")


class TenantFrozen(Unavailable):
    def __init__(self) -> None:
        super().__init__("This tenant is being moved; send it again in a moment.", retry_after_seconds=5)


class TenantUpgrading(Unavailable):
    def __init__(self) -> None:
        super().__init__("This tenant is being upgraded; send it again in a moment.", retry_after_seconds=5)


STANDS_STILL = (TenantFrozen, TenantUpgrading)
"""Unavailable, and only this tenant: the others go on."""


class TenantGone(Unauthorized):
    def __init__(self) -> None:
        super().__init__("This tenant is not here any more.")


class TenantDatabase:
    """``reactions`` are the kinds of event that some job waits for; all others are only recorded and pushed live.
    ``version`` is the oldest schema that is served.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        clock: Clock = utc_now,
        reactions: Collection[str] = (),
        version: int = NEWEST,
    ) -> None:
        self._sessions = async_sessionmaker(engine, expire_on_commit=False)
        self._version = version
        self._clock = clock
        self._reactions = sorted(reactions)

    @asynccontextmanager
    async def read(self, actor: Actor) -> AsyncIterator[ReadTx]:
        """Raises TenantUpgrading."""
        async with absence_is_unavailable(), self._sessions() as session, session.begin():
            await _bind_read(session, _tenant_of(actor), self._version)
            yield ReadTx(session, actor, self._clock())

    @asynccontextmanager
    async def write(self, actor: Actor) -> AsyncIterator[WriteTx]:
        """Commits on leaving, together with the events that were recorded.

        Raises TenantFrozen, TenantUpgrading, and TenantSuspended to everybody but the system itself: a suspended
        tenant's payloads are kept and its reads are counted. ``tx.actor.tenant.standing`` is true until the commit.
        """
        async with absence_is_unavailable(), self._sessions() as session, session.begin():
            tenant = _tenant_of(actor)
            standing = await _bind_write(session, tenant, self._version)
            if standing == Standing.FROZEN:
                raise TenantFrozen()
            if standing == Standing.SUSPENDED and actor.kind != "system":
                raise TenantSuspended(tenant.delete_after)
            if standing != tenant.standing:
                actor = replace(actor, tenant=replace(tenant, standing=standing))
            tx = WriteTx(session, actor, self._clock())
            yield tx
            await session.flush()
            if tx.events:
                connection = await raw_connection(tx)
                await connection.execute(
                    RECORD,
                    [uuid7() for _ in tx.events],
                    [event.kind for event in tx.events],
                    [event.model_dump_json() for event in tx.events],
                    actor.name,
                    current_trace_id.get(),
                    tx.now,
                    self._reactions,
                )
                await append(tx, [event for event in tx.events if event.audited])

    async def note(self, actor: Actor, event: Event) -> None:
        """Only an entry in the audit log: what was asked for did not happen. Written by the plane itself, so that a
        suspended tenant's refusals are there, too.
        """
        async with self.write(system_actor(_tenant_of(actor))) as tx:
            await append(replace(tx, actor=actor), [event])


def _tenant_of(actor: Actor) -> Tenant:
    if actor.tenant is None:
        raise RuntimeError(f"{actor.id} belongs to no tenant and may not open a tenant's transaction")
    return actor.tenant


async def _bind_read(session: AsyncSession, tenant: Tenant, version: int) -> None:
    row = await _bind(session, tenant, BIND_READ, schema=tenant.schema)
    if row.version is None:
        raise TenantGone()
    if row.version < version:
        raise TenantUpgrading()


async def _bind_write(session: AsyncSession, tenant: Tenant, version: int) -> str:
    """The tenant's standing."""
    row = await _bind(session, tenant, BIND_WRITE, tenant_id=tenant.id, schema=tenant.schema, version=version)
    if row.standing is None:
        raise TenantGone()
    if row.standing == UPGRADING:
        raise TenantUpgrading()
    return str(row.standing)


async def _bind(session: AsyncSession, tenant: Tenant, statement: TextClause, **values: object) -> Any:
    """Raises TenantGone: a tenant that was dropped has no role any more."""
    await touch(session, tenant.schema)
    try:
        return (await session.execute(statement, values)).one()
    except DBAPIError as error:
        if sqlstate(error) == NO_SUCH_ROLE:
            raise TenantGone() from error
        raise


def require_active(tx: WriteTx) -> None:
    """The system may write for a suspended tenant, but nothing happens there by itself. Raises TenantSuspended."""
    if _tenant_of(tx.actor).standing != Standing.ACTIVE:
        raise TenantSuspended()


async def raw_connection(tx: ReadTx) -> asyncpg.Connection:
    """The asyncpg connection under this transaction, for the hottest paths: same binding, same commit."""
    connection = await tx.session.connection()
    raw = await connection.get_raw_connection()
    driver: asyncpg.Connection = raw.driver_connection  # type: ignore[assignment]
    return driver


def system_actor(tenant: Tenant, name: str = "system") -> Actor:
    """Jobs, ticks and the edge itself act as this; it exists in the tenant that it is made for and nowhere else."""
    return Actor(id=name, kind="system", name=name, role="system", permissions=ROLES["system"], tenant=tenant)


def as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
