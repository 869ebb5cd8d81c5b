"""A backend remembers every schema it has worked in; one that remembers too many is replaced."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared import database
from shared.database import create_engine
from shared.tx import Tenant
from tenant_plane.core.tenancy import TenantDatabase, system_actor
from tests.support.tenant_plane import Plane, app_url

MOST = 3


@pytest_asyncio.fixture
async def engine(plane: Plane, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AsyncEngine]:
    monkeypatch.setattr(database, "MOST_TOUCHED", MOST)
    engine = create_engine(app_url(plane.owner_url), pool_size=1)
    yield engine
    await engine.dispose()


async def backend(engine: AsyncEngine, tenant: Tenant, *, write: bool = False) -> int:
    opened = TenantDatabase(engine)
    async with (opened.write if write else opened.read)(system_actor(tenant)) as tx:
        pid: int = (await tx.session.execute(text("select pg_backend_pid()"))).scalar_one()
    return pid


async def test_one_tenant_keeps_its_connection(engine: AsyncEngine, tenant: Tenant) -> None:
    assert len({await backend(engine, tenant, write=bool(number % 2)) for number in range(20)}) == 1


async def test_many_tenants_wear_a_connection_out(engine: AsyncEngine, plane: Plane) -> None:
    tenants = [await plane.new_tenant() for _ in range(2 * MOST)]
    pids = [await backend(engine, tenant, write=bool(number % 2)) for number, tenant in enumerate(tenants)]
    assert len(set(pids[:MOST])) == len(set(pids[MOST:])) == 1
    assert pids[0] != pids[MOST]
    assert await backend(engine, tenants[0]) not in pids
