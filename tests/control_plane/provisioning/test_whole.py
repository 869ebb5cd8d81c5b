"""The composed control plane with a cluster: a tenant's life, from the door to the objects."""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from typing import Any, cast

import pytest

from control_plane.core.database import ControlDatabase
from control_plane.core.system import SYSTEM
from control_plane.provisioning.flows.placement import ClusterPlacement
from control_plane.provisioning.flows.rounds import Rounds
from control_plane.tenants import service as tenants
from control_plane.tenants.flows import TenantFlows
from control_plane.tenants.rules import Where
from control_plane.tenants.schemas import Delete, Move, TenantCreate
from tests.control_plane.fate import Fate, Killed, MortalCalls, MortalDatabase, lives
from tests.control_plane.provisioning.support import FakePlanes
from tests.control_plane.support import ControlPlane, control_plane
from tests.control_plane.tenants.life import flows_of, settle, state_of
from tests.control_plane.tenants.test_killed import emptied
from tests.control_plane.tenants.test_life import a_plan_with_a_plane_of_its_own
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


COMMAND = TenantCreate(tenant_id="acme", name="Acme", plan="platinum", contact_email="ops@acme.example")
GONE = "delete Namespace tenant-acme"


def mortal(flows: TenantFlows, fate: Fate) -> TenantFlows:
    """Also inside the placement: between what it records and what it asks of the cluster."""
    database = cast(ControlDatabase, MortalDatabase(flows.database, fate))
    placement = cast(ClusterPlacement, flows.placement)
    reconciler = replace(placement.reconciler, database=database)
    return replace(
        flows,
        database=database,
        plane=MortalCalls(flows.plane, fate),
        placement=MortalCalls(replace(placement, database=database, reconciler=reconciler), fate),
    )


async def in_its_own_plane(control: ControlPlane, fake: FakeKubernetes) -> TenantFlows:
    await emptied(control)
    await flows_of(control).create_tenant(SYSTEM, COMMAND)
    await settle(control)
    assert control.dedicated.accept("acme", "an alert")
    fake.asked.clear()
    return flows_of(control)


async def killed_once_and_gone_on(control: ControlPlane, flows: TenantFlows, fate: Fate) -> None:
    """What is next for acme; then the ticks, those of provisioning twice: the namespace goes, and then its record."""
    with suppress(Killed):
        await mortal(flows, fate).work_on("acme")
    await control.pass_time(20)
    await settle(control)
    reconciler = cast(ClusterPlacement, flows.placement).reconciler
    for _ in range(2):
        await control.execute("update deployments set checked_at = null")
        await Rounds(control.database, FakePlanes(), {}, reconciler).reconcile_deployments()
    assert await control.sql("select tenant_id from deployments") == [], fate


async def test_a_purge_that_is_killed_builds_nothing_again(control: ControlPlane, fake: FakeKubernetes) -> None:
    await a_plan_with_a_plane_of_its_own(control)
    for fate in lives(at_least=18):
        flows = await in_its_own_plane(control, fake)
        await flows.delete_tenant(SYSTEM, "acme", Delete(confirm="acme"))
        await control.pass_time(31 * 86400)
        await killed_once_and_gone_on(control, flows, fate)
        assert (await state_of(control), control.dedicated.tenants) == ("gone", {}), fate
        assert fake.changes() == [GONE], fate


async def test_a_move_away_that_is_killed_while_it_removes_builds_nothing_again(
    control: ControlPlane, fake: FakeKubernetes
) -> None:
    await a_plan_with_a_plane_of_its_own(control)
    for fate in lives(at_least=17):
        flows = await in_its_own_plane(control, fake)
        await flows.move_tenant(SYSTEM, "acme", Move(placement=Where.SHARED))
        control.dedicated.failing = {"DELETE tenant"}
        await flows.reconcile_moves()
        control.dedicated.failing = set()
        fake.asked.clear()
        await killed_once_and_gone_on(control, flows, fate)
        assert (control.plane.rows, control.dedicated.tenants) == ({"acme": ["an alert"]}, {}), fate
        assert fake.changes() == [GONE], fate
