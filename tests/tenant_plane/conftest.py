"""One tenant plane for all tests of this folder; every test makes its own tenant."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
import pytest_asyncio

from shared.logs import configure_logs
from shared.tx import Tenant
from tests.support.tenant_plane import Plane, running_plane


@pytest.fixture(scope="session", autouse=True)
def plain_logs() -> None:
    """As in production; the default renders every local variable of a traceback, which takes seconds."""
    configure_logs()


@pytest_asyncio.fixture(scope="session")
async def plane(admin_url: str) -> AsyncIterator[Plane]:
    async with running_plane(admin_url) as plane:
        yield plane


@pytest_asyncio.fixture
async def tenant(plane: Plane) -> AsyncIterator[Tenant]:
    """A tenant of the test's own. When it is gone, so is what the test did to the clock."""
    yield await plane.new_tenant()
    plane.clock.ahead = timedelta()


@pytest_asyncio.fixture
async def admin(plane: Plane, tenant: Tenant) -> AsyncIterator[httpx.AsyncClient]:
    async with plane.client(tenant, "admin") as client:
        yield client


@pytest_asyncio.fixture
async def viewer(plane: Plane, tenant: Tenant) -> AsyncIterator[httpx.AsyncClient]:
    async with plane.client(tenant, "viewer") as client:
        yield client
