"""The composed control plane with a cluster: a tenant's life, from the door to the objects."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from control_plane.core.system import SYSTEM
from control_plane.tenants import service as tenants
from control_plane.tenants.flows import TenantFlows
from control_plane.tenants.rules import Where
from control_plane.tenants.schemas import TenantCreate
from tests.control_plane.support import ControlPlane, control_plane
from tests.fakes.kubernetes.server import FakeKubernetes

NAMESPACE = ("namespaces", "", "tenant-acme")
ROUTE = ("httproutes", "tenant-acme", "origin")
KUBERNETES = {"image": "registry.example/opsplane", "version": "1.0.0", "origin_host": "ops.example.com"}


@pytest.fixture
async def control(
    empty_url: str, password_hash: str, fake: FakeKubernetes, kubeconfig_path: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ControlPlane]:
    monkeypatch.setenv("KUBECONFIG", kubeconfig_path)
    plane = control_plane(empty_url, password_hash, kubernetes=KUBERNETES)
    yield plane
    await plane.app.state.tenants.placement.reconciler.cluster.close()
    await plane.database.close()


async def until_settled(control: ControlPlane) -> dict[str, Any]:
    """The reconciler's rounds, one after the other and without waiting."""
    flows: TenantFlows = control.app.state.tenants
    for _ in range(12):
        await control.pass_time(600)
        await flows.reconcile_tenants()
        await flows.reconcile_moves()
    (row,) = await control.sql("select state, placement, cell from tenants where tenant_id = 'acme'")
    return dict(row._mapping)


async def move(control: ControlPlane, where: Where) -> dict[str, Any]:
    async with control.database.write(SYSTEM) as tx:
        await tenants.request_move(tx, "acme", where)
    return await until_settled(control)


async def test_a_tenant_moves_into_a_plane_of_its_own_and_back(control: ControlPlane, fake: FakeKubernetes) -> None:
    command = TenantCreate(tenant_id="acme", name="Acme", plan="pro", contact_email="ops@acme.example")
    await control.app.state.tenants.create_tenant(SYSTEM, command)
    assert fake.cluster.objects == {}
    assert control.plane.accept("acme", "an alert")
    assert (await move(control, Where.DEDICATED))["placement"] == "dedicated"
    assert NAMESPACE in fake.cluster.objects and ROUTE in fake.cluster.objects
    assert control.dedicated.rows["acme"] == ["an alert"]
    assert "acme" not in control.plane.rows
    assert (await move(control, Where.SHARED))["placement"] == "shared"
    assert control.plane.rows["acme"] == ["an alert"]
    assert NAMESPACE not in fake.cluster.objects


async def test_a_move_waits_for_pods_without_blocking_and_leads_nobody_there(
    control: ControlPlane, fake: FakeKubernetes
) -> None:
    await control.add_tenant("acme")
    fake.cluster.is_settling = False
    assert (await move(control, Where.DEDICATED))["placement"] == "shared"
    assert NAMESPACE in fake.cluster.objects and ROUTE not in fake.cluster.objects
    fake.cluster.settle()
    assert (await until_settled(control))["placement"] == "dedicated"
    assert ROUTE in fake.cluster.objects
