"""One tenant plane for all tests of this folder; every test makes its own tenant."""

from collections.abc import AsyncIterator

import pytest_asyncio

from shared.tx import Tenant
from tests.support.tenant_plane import Plane, running_plane


@pytest_asyncio.fixture(scope="session")
async def plane(admin_url: str) -> AsyncIterator[Plane]:
    async with running_plane(admin_url) as plane:
        yield plane


@pytest_asyncio.fixture
async def tenant(plane: Plane) -> Tenant:
    return await plane.new_tenant()
