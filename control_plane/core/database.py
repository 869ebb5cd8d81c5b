"""The only opener of transactions in the control plane.

The login role owns nothing. Its search_path is empty until a transaction sets it, so a statement outside ``read`` or
``write`` finds no table.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import ARRAY, Text, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from uuid_utils.compat import uuid7

from shared.audit.log import append
from shared.database import absence_is_unavailable
from shared.trace import current_trace_id
from shared.tx import Actor, Clock, Event, ReadTx, WriteTx, utc_now

SCHEMA = "control"
BIND = text("select set_config('search_path', :schema, true), set_config('transaction_read_only', :read_only, true)")
RECORD = text(
    "insert into events (id, kind, body, actor, trace_id, created_at)"
    " select e.id, e.kind, e.body::jsonb, :actor, :trace_id, :now"
    " from unnest(:ids, :kinds, :bodies) as e (id, kind, body)"
).bindparams(
    bindparam("ids", type_=ARRAY(Uuid)),
    bindparam("kinds", type_=ARRAY(Text)),
    bindparam("bodies", type_=ARRAY(Text)),
)


class ControlDatabase:
    def __init__(self, engine: AsyncEngine, *, clock: Clock = utc_now) -> None:
        self._engine = engine
        self._sessions = async_sessionmaker(engine, expire_on_commit=False)
        self._clock = clock

    @asynccontextmanager
    async def read(self, actor: Actor) -> AsyncIterator[ReadTx]:
        async with absence_is_unavailable(), self._sessions() as session, session.begin():
            await _bind(session, read_only=True)
            yield ReadTx(session, actor, self._clock())

    @asynccontextmanager
    async def write(self, actor: Actor) -> AsyncIterator[WriteTx]:
        """Commits on leaving, together with the events that were recorded."""
        async with absence_is_unavailable(), self._sessions() as session, session.begin():
            await _bind(session, read_only=False)
            tx = WriteTx(session, actor, self._clock())
            yield tx
            await session.flush()
            await _record(tx)
            await append(tx, [event for event in tx.events if event.audited], of_tenants=True)

    async def note(self, actor: Actor, event: Event) -> None:
        """Only an entry in the audit log: what was asked for did not happen."""
        async with self.write(actor) as tx:
            await append(tx, [event], of_tenants=True)

    async def check(self) -> None:
        """For ``/readyz``. Raises Unavailable when the database does not answer."""
        async with absence_is_unavailable(), self._engine.connect() as connection:
            await connection.execute(text("select 1"))

    async def close(self) -> None:
        await self._engine.dispose()


async def _bind(session: AsyncSession, *, read_only: bool) -> None:
    await session.execute(BIND, {"schema": SCHEMA, "read_only": "on" if read_only else "off"})


async def _record(tx: WriteTx) -> None:
    if tx.events:
        await tx.session.execute(
            RECORD,
            {
                "ids": [uuid7() for _ in tx.events],
                "kinds": [event.kind for event in tx.events],
                "bodies": [event.model_dump_json() for event in tx.events],
                "actor": tx.actor.id,
                "trace_id": current_trace_id.get(),
                "now": tx.now,
            },
        )
