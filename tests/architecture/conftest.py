"""One tenant plane, for the tests that compare the code with a migrated database."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.support.tenant_plane import Plane, running_plane


@pytest_asyncio.fixture(scope="session")
async def plane(admin_url: str) -> AsyncIterator[Plane]:
    async with running_plane(admin_url) as plane:
        yield plane
