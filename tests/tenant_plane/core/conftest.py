"""Another installation, for what leaves one and comes to the other."""

from collections.abc import AsyncIterator

import pytest_asyncio

from infra.local.postgres import throw_away
from tests.support.tenant_plane import Plane, running_plane


@pytest_asyncio.fixture(scope="module")
async def elsewhere() -> AsyncIterator[Plane]:
    """Another installation: a server of its own."""
    with throw_away() as url:
        async with running_plane(url) as plane:
            yield plane
