"""TENANT ISOLATION LIVES HERE.

Every transaction begins with one statement that sets, for this transaction only, the tenant's role and search_path.
The login role owns nothing and inherits nothing, so an unbound query fails, and naming another tenant's schema is
refused by Postgres. Never plain SET (it leaks through the pool), never ``schema_translate_map`` (raw SQL escapes it).
"""

import json
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from uuid_utils.compat import uuid7

from shared.database import absence_is_unavailable
from shared.trace import current_trace_id
from shared.tx import Actor, Clock, ReadTx, Tenant, WriteTx, utc_now
from tenant_plane.core.permissions import ROLES

BIND = text(
    "select set_config('role', :schema, true), set_config('search_path', :schema, true),"
    " set_config('transaction_read_only', :read_only, true)"
)
RECORD = """
with recorded as (
    insert into events (id, kind, body, actor, trace_id, created_at)
    select e.id, e.kind, e.body::jsonb, $4, $5, $6 from unnest($1::uuid[], $2::text[], $3::text[]) as e (id, kind, body)
)
select plane.publish($1, $2, $7)
"""


class TenantDatabase:
    """``reactions`` are the kinds of event that some job waits for; all others are only recorded and pushed live."""

    def __init__(self, engine: AsyncEngine, *, clock: Clock = utc_now, reactions: Collection[str] = ()) -> None:
        self._sessions = async_sessionmaker(engine, expire_on_commit=False)
        self._clock = clock
        self._reactions = sorted(reactions)

    @asynccontextmanager
    async def read(self, actor: Actor) -> AsyncIterator[ReadTx]:
        async with absence_is_unavailable(), self._sessions() as session, session.begin():
            await _bind(session, actor, read_only=True)
            yield ReadTx(session, actor, self._clock())

    @asynccontextmanager
    async def write(self, actor: Actor) -> AsyncIterator[WriteTx]:
        """Commits on leaving, together with the events that were recorded."""
        async with absence_is_unavailable(), self._sessions() as session, session.begin():
            await _bind(session, actor, read_only=False)
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


async def _bind(session: AsyncSession, actor: Actor, *, read_only: bool) -> None:
    if actor.tenant is None:
        raise RuntimeError(f"{actor.id} belongs to no tenant and may not open a tenant's transaction")
    await session.execute(BIND, {"schema": actor.tenant.schema, "read_only": "on" if read_only else "off"})


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
