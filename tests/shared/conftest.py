"""What shared/ needs of a plane, on a real database: a schema with idempotency keys, and an opener of transactions."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from shared.database import absence_is_unavailable, create_engine
from shared.logs import configure_logs
from shared.tx import Actor, ReadTx, WriteTx, utc_now

SCHEMA = """
create schema if not exists shared_tests;
set search_path = shared_tests;
drop table if exists idempotency_keys, things;
create table idempotency_keys (actor_id text, key text, fingerprint text not null, status int, body bytea,
    created_at timestamptz not null, primary key (actor_id, key));
create table things (name text primary key);
"""


@dataclass
class OneSchema:
    """A Database of one schema, without tenants."""

    engine: AsyncEngine
    opened: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def _open(self, kind: str) -> AsyncIterator[AsyncSession]:
        self.opened.append(kind)
        session = AsyncSession(self.engine, expire_on_commit=False)
        async with absence_is_unavailable(), session, session.begin():
            await session.execute(text("select set_config('search_path', 'shared_tests', true)"))
            yield session

    @asynccontextmanager
    async def read(self, actor: Actor) -> AsyncIterator[ReadTx]:
        async with self._open("read") as session:
            await session.execute(text("set transaction read only"))
            yield ReadTx(session, actor, utc_now())

    @asynccontextmanager
    async def write(self, actor: Actor) -> AsyncIterator[WriteTx]:
        async with self._open("write") as session:
            yield WriteTx(session, actor, utc_now())


@pytest.fixture(scope="session", autouse=True)
def plain_logs() -> None:
    configure_logs()


@pytest_asyncio.fixture
async def database(admin_url: str) -> AsyncIterator[OneSchema]:
    connection = await asyncpg.connect(admin_url)
    await connection.execute(SCHEMA)
    await connection.close()
    database = OneSchema(create_engine(admin_url, pool_size=5))
    yield database
    await database.engine.dispose()
