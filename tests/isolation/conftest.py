"""One plane with two tenants, and one whole installation beside it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from infra.local.postgres import throw_away
from shared.logs import configure_logs
from tests.isolation.support import World, made
from tests.support.origin import InProcess, installed
from tests.support.tenant_plane import Plane, running_plane


@pytest.fixture(scope="session", autouse=True)
def plain_logs() -> None:
    configure_logs(level="WARNING")


@pytest_asyncio.fixture(scope="session")
async def plane(admin_url: str) -> AsyncIterator[Plane]:
    async with running_plane(admin_url) as plane:
        yield plane


@pytest_asyncio.fixture(scope="session")
async def world(plane: Plane) -> World:
    """For tests that change nothing in it. Theirs has more incidents, so that one of its references is not ours."""
    return World(plane, await made(plane, 1), await made(plane, 4))


@pytest_asyncio.fixture(scope="session")
async def origin(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[InProcess]:
    """Both planes and the demo's tenants, acme and globex, on a server of their own."""
    folder: Path = tmp_path_factory.mktemp("installation")
    with throw_away() as url:
        async with installed(url, folder) as origin:
            yield origin
