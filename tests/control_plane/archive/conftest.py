"""Both installations are made once."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from control_plane.core.system import SYSTEM
from control_plane.plans import service as plans
from control_plane.plans.schemas import PlanCreate
from control_plane.quotas import service as quotas
from control_plane.quotas.rules import LimitName
from control_plane.quotas.schemas import LimitGrant
from control_plane.tenants.schemas import TenantPatch
from infra.local.postgres import throw_away
from infra.local.replay import demo_storm
from tests.control_plane.archive.support import (
    CUSTOM,
    NEVER_HEARD,
    sql,
)
from tests.support.origin import InProcess, installed


@pytest_asyncio.fixture(scope="package")
async def source(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[InProcess]:
    """With the demo's tenants, after a part of the storm, on a plan that only this installation has."""
    with throw_away() as url:
        async with installed(url, tmp_path_factory.mktemp("source")) as origin:
            async with origin.client(origin.demo.api_key("acme")) as client:
                for request in demo_storm()[:60]:
                    headers = {"x-source": request.source}
                    answer = await client.post(request.path, json=request.body, headers=headers)
                    assert answer.is_success, answer.text
            # What the plane writes down later by itself, so that nothing changes while tests compare.
            await origin.installation.tenant.state.requests.save()
            await origin.installation.tenant.state.key_uses.save()
            state = origin.installation.control.state
            async with state.database.write(SYSTEM) as tx:
                await plans.create_plan(tx, PlanCreate.model_validate(CUSTOM))
            await state.tenants.update_tenant(SYSTEM, "acme", TenantPatch(plan="pro", reason="as agreed"), None)
            async with state.database.write(SYSTEM) as tx:
                await quotas.grant_limit(tx, "acme", LimitGrant(limit_name=LimitName.USERS, value=77, reason="Friends"))
            await state.tenants.reconcile_tenants()
            await state.usage.fetch_usage()
            yield origin


@pytest_asyncio.fixture(scope="package")
async def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[InProcess]:
    with throw_away() as url:
        async with installed(url, tmp_path_factory.mktemp("elsewhere")) as origin:
            yield origin


@pytest_asyncio.fixture
async def destination(elsewhere: InProcess) -> AsyncIterator[InProcess]:
    """Another installation, in which nobody has heard of acme, nor of a third version of pro."""
    state = elsewhere.installation.control.state
    importer = state.importer
    await importer.plane.remove_tenant("http://tenant-plane", "acme")
    await sql(elsewhere, NEVER_HEARD)
    yield elsewhere
    state.importer = importer
