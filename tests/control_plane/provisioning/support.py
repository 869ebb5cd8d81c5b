"""Deployments under test: the product's own flows, a fake cluster, and a clock that can be moved."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from control_plane.adapters.kubernetes import KubernetesCluster
from control_plane.core.system import SYSTEM
from control_plane.provisioning.flows.placement import ClusterPlacement
from control_plane.provisioning.flows.reconcile import Reconciler
from control_plane.provisioning.flows.rounds import Rounds
from control_plane.provisioning.manifests.blueprint import Blueprint
from control_plane.provisioning.schemas import DeploymentRead, RolloutRead, RolloutStart, TurnRead
from control_plane.provisioning.service import deployments, rollouts
from control_plane.tenants.errors import PlacementNotReady
from control_plane.tenants.rules import Where
from shared.contracts.fleet import FleetHealth
from shared.errors import Unavailable
from shared.pages import PageQuery
from tests.control_plane.support import ControlPlane
from tests.fakes.kubernetes.cluster import Manifest
from tests.fakes.kubernetes.server import FakeKubernetes

SHARED_URL = "http://shared-cell"
BLUEPRINT = Blueprint(
    image="registry.example/opsplane",
    origin_host="ops.example.com",
    control_plane_url="http://control-plane.opsplane.svc",
    tenant_hosts="ops.example.com",
    owner_database_url="postgresql://owner:secret@{tenant}.databases/opsplane",
    app_database_url="postgresql://app:secret@{tenant}.databases/opsplane",
)
DEADLINE = timedelta(minutes=10)
GRACE = timedelta(hours=72)


@dataclass(frozen=True)
class Tenant:
    """What a placement is told."""

    tenant_id: str
    plan: str = "pro"
    placement: Where = Where.DEDICATED
    is_serving: bool = True


@dataclass
class FakePlanes:
    """What planes say, by URL; one that is not here does not answer."""

    said: dict[str, FleetHealth] = field(default_factory=dict)

    async def fleet(self, url: str) -> FleetHealth:
        if url not in self.said:
            raise Unavailable("The plane does not answer.")
        return self.said[url]


@dataclass
class Fleet:
    control: ControlPlane
    fake: FakeKubernetes
    reconciler: Reconciler
    placement: ClusterPlacement
    rounds: Rounds
    planes: FakePlanes

    async def tenant(self, tenant_id: str, **values: Any) -> Tenant:
        """A tenant that lives in a plane of its own, which is not made yet."""
        await self.control.add_tenant(tenant_id)
        await self.control.execute(f"update tenants set placement = 'dedicated' where tenant_id = '{tenant_id}'")
        return Tenant(tenant_id, **values)

    async def placed(self, *tenant_ids: str) -> None:
        for tenant_id in tenant_ids:
            await self.placement.ensure(await self.tenant(tenant_id))

    async def is_ready(self, tenant: Tenant) -> str:
        """The URL, or why there is none."""
        try:
            return await self.placement.ensure(tenant)
        except PlacementNotReady as error:
            return error.detail

    async def round(self) -> None:
        """Everything that is under way is looked at once, and what is settled when it is due."""
        self.control.clock.offset += timedelta(seconds=5)
        await self.rounds.reconcile_deployments()
        await self.rounds.advance_rollout()

    async def check(self) -> None:
        """Everything is due."""
        self.control.clock.offset += timedelta(minutes=6)
        await self.rounds.reconcile_deployments()

    async def deployment(self, tenant_id: str) -> DeploymentRead:
        async with self.control.database.read(SYSTEM) as tx:
            found = await deployments.find_deployment(tx, tenant_id)
        assert found is not None
        return found

    async def start(self, version: str, canary: str | None = None) -> RolloutRead:
        async with self.control.database.write(SYSTEM) as tx:
            return await rollouts.start_rollout(tx, RolloutStart(version=version, canary=canary))

    async def rollout(self, rollout_id: UUID) -> RolloutRead:
        async with self.control.database.read(SYSTEM) as tx:
            return await rollouts.get_rollout(tx, rollout_id)

    async def turns(self, rollout_id: UUID) -> list[TurnRead]:
        async with self.control.database.read(SYSTEM) as tx:
            page = await rollouts.list_rollout_tenants(tx, rollout_id, PageQuery(limit=1000))
        return list(page.items)

    async def events(self) -> list[str]:
        async with self.control.database.read(SYSTEM) as tx:
            rows = await tx.session.execute(text("select kind from events order by id"))
        return [kind for (kind,) in rows if kind.partition(".")[0] in ("rollout", "deployment", "orphan")]

    def live(self, plural: str, namespace: str, name: str) -> Manifest:
        return self.fake.cluster.objects[plural, namespace, name]

    def names(self, namespace: str) -> set[tuple[str, str]]:
        return {(plural, name) for plural, where, name in self.fake.cluster.objects if where == namespace}


def fleet_of(control: ControlPlane, fake: FakeKubernetes, cluster: KubernetesCluster) -> Fleet:
    database, planes = control.database, FakePlanes()
    reconciler = Reconciler(database, cluster, BLUEPRINT)
    return Fleet(
        control,
        fake,
        reconciler,
        ClusterPlacement(database, SHARED_URL, reconciler, "1.0.0"),
        Rounds(database, planes, {"shared": SHARED_URL}, reconciler, DEADLINE, GRACE),
        planes,
    )
