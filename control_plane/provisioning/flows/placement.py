"""Where a tenant's plane runs: the shared cell, or a deployment of its own in the cluster."""

from dataclasses import dataclass

from control_plane.core.system import SYSTEM
from control_plane.plans import service as plans
from control_plane.provisioning import rules
from control_plane.provisioning.flows.reconcile import Reconciler
from control_plane.provisioning.manifests.blueprint import NAMESPACE_PREFIX, service_url
from control_plane.provisioning.ports import Placed
from control_plane.provisioning.rules import DeploymentState
from control_plane.provisioning.schemas import DeploymentWanted, Outcome
from control_plane.provisioning.service import deployments
from control_plane.tenants.errors import PlacementNotReady
from control_plane.tenants.rules import Where
from shared.tx import Database


@dataclass(frozen=True, slots=True)
class ClusterPlacement:
    """The tenants' port ``Placement`` where there is a cluster. ``first_version``: of the first dedicated plane."""

    database: Database
    shared_url: str
    reconciler: Reconciler
    first_version: str

    def offers(self, tenant_id: str, where: Where) -> bool:
        """A cluster has room for everybody."""
        return True

    async def ensure(self, tenant: Placed) -> str:
        """Never waits: raises PlacementNotReady, and is asked again."""
        if tenant.placement is Where.SHARED:
            await self._lead_away_from_dedicated(tenant)
            return self.shared_url
        async with self.database.write(SYSTEM) as tx:
            plan = await plans.find_plan(tx, tenant.plan)
            wanted = DeploymentWanted(
                tenant_id=tenant.tenant_id,
                namespace=f"{NAMESPACE_PREFIX}{tenant.tenant_id}",
                size=rules.size_for(None if plan is None else plan.limits.events_per_month),
                is_serving=tenant.is_serving,
            )
            deployment = await deployments.want_deployment(tx, wanted, self.first_version)
        if deployment.state is not DeploymentState.READY:
            _require_serving(await self.reconciler.reconcile(deployment))
        return service_url(tenant.tenant_id)

    async def find(self, tenant: Placed) -> str | None:
        """Its data is removed before its place: what is going, or gone, has none any more."""
        if tenant.placement is Where.DEDICATED:
            async with self.database.read(SYSTEM) as tx:
                deployment = await deployments.find_deployment(tx, tenant.tenant_id)
            if deployment is None or deployment.state is DeploymentState.REMOVING:
                return None
        return await self.ensure(tenant)

    async def remove(self, tenant_id: str) -> None:
        """Returns when the removal is under way: the reconciler goes on until the namespace is gone."""
        async with self.database.write(SYSTEM) as tx:
            deployment = await deployments.want_removal(tx, tenant_id)
        if deployment is not None:
            await self.reconciler.reconcile(deployment)

    async def _lead_away_from_dedicated(self, tenant: Placed) -> None:
        """A tenant that has moved back may still have routes to the plane it left."""
        if not tenant.is_serving:
            return
        async with self.database.write(SYSTEM) as tx:
            left = await deployments.stop_serving(tx, tenant.tenant_id)
        if left is not None:
            _require_applied(await self.reconciler.reconcile(left))


def _require_applied(outcome: Outcome | None) -> Outcome:
    if outcome is None:
        raise PlacementNotReady("namespace", "it is being removed")
    if not outcome.is_applied:
        raise PlacementNotReady("objects", outcome.detail or "are being applied")
    return outcome


def _require_serving(outcome: Outcome | None) -> None:
    """All objects stand and the API answers; the last of its pods may still be coming."""
    applied = _require_applied(outcome)
    if not applied.is_ready:
        raise PlacementNotReady("pods", applied.detail or "none is available")
