"""Both installations are made once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio

from control_plane.core.system import SYSTEM
from control_plane.plans import service as plans
from control_plane.plans.schemas import PlanCreate
from infra.local.postgres import throw_away
from infra.local.replay import demo_storm
from tests.control_plane.archive.filling import Fay, fill
from tests.control_plane.archive.support import (
    CUSTOM,
    NEVER_HEARD,
    sql,
)
from tests.support.origin import InProcess, installed


@pytest_asyncio.fixture(scope="package")
async def lived_in(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[InProcess, Fay]]:
    """With the demo's tenants, after a part of the storm, on a third version of pro, and with a row in every table."""
    with throw_away() as url:
        async with installed(url, tmp_path_factory.mktemp("source")) as origin:
            async with origin.client(origin.demo.api_key("acme")) as client:
                for request in demo_storm()[:60]:
                    headers = {"x-source": request.source}
                    answer = await client.post(request.path, json=request.body, headers=headers)
                    assert answer.is_success, answer.text
            await sell(origin)
            fay = await fill(origin)
            # What the plane writes down later by itself, so that nothing changes while tests compare.
            await origin.installation.tenant.state.requests.save()
            await origin.installation.tenant.state.key_uses.save()
            yield origin, fay


@pytest.fixture
def source(lived_in: tuple[InProcess, Fay]) -> InProcess:
    return lived_in[0]


@pytest.fixture
def fay(lived_in: tuple[InProcess, Fay]) -> Fay:
    return lived_in[1]


@pytest_asyncio.fixture(scope="package")
async def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[InProcess]:
    with throw_away() as url:
        async with installed(url, tmp_path_factory.mktemp("elsewhere")) as origin:
            yield origin


@pytest_asyncio.fixture
async def destination(elsewhere: InProcess) -> AsyncIterator[InProcess]:
    """Another installation that sells the same plans, in which nobody has heard of acme."""
    async with emptied(elsewhere):
        yield elsewhere


@asynccontextmanager
async def emptied(origin: InProcess) -> AsyncIterator[None]:
    state = origin.installation.control.state
    importer = state.importer
    await importer.plane.remove_tenant("http://tenant-plane", "acme")
    await sql(origin, NEVER_HEARD)
    await sell(origin)
    yield
    state.importer = importer


async def sell(origin: InProcess) -> None:
    async with origin.installation.control.state.database.write(SYSTEM) as tx:
        await plans.create_plan(tx, PlanCreate.model_validate(CUSTOM))
