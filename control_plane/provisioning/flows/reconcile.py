"""Make a cluster look as wanted, one deployment at a time. Level-triggered: each run begins from what is there.

A run that stops anywhere leaves nothing that the next one would not finish, and two at once do the same work twice,
since every request says what should be and not what to change.
"""

from dataclasses import dataclass

import structlog

from control_plane.core.system import SYSTEM
from control_plane.provisioning import rules
from control_plane.provisioning.errors import ClusterProblem, ManifestRefused, NamespaceNotOurs
from control_plane.provisioning.manifests.blueprint import Blueprint, Manifest, Wanted, is_ours
from control_plane.provisioning.manifests.plane import DEPLOYMENTS, objects
from control_plane.provisioning.ports import Cluster
from control_plane.provisioning.rules import SIZES, DeploymentState, Readiness
from control_plane.provisioning.schemas import DeploymentRead, Outcome
from control_plane.provisioning.service import deployments
from shared.tx import Database

log = structlog.get_logger()
ROUTE = "HTTPRoute"


@dataclass(frozen=True, slots=True)
class Reconciler:
    database: Database
    cluster: Cluster
    blueprint: Blueprint

    async def reconcile(self, deployment: DeploymentRead) -> Outcome | None:
        """One look, and whatever it takes; notes what came of it. None when it is being removed, or is gone."""
        if deployment.state is DeploymentState.REMOVING:
            await self._remove(deployment)
            return None
        outcome = await self._bring_about(deployment)
        async with self.database.write(SYSTEM) as tx:
            await deployments.note_outcome(tx, deployment.tenant_id, outcome)
        return outcome

    async def _bring_about(self, deployment: DeploymentRead) -> Outcome:
        """What the cluster says in an error becomes the outcome; nothing else is caught."""
        version, serving = deployment.wanted_version, deployment.is_serving
        try:
            if not await self._may_enter(deployment):
                return Outcome(
                    version, serving, DeploymentState.APPLYING, False, False, "its namespace is still being removed"
                )
            drift = await self._apply(deployment, compare=deployment.state is DeploymentState.READY)
            found = [await self._readiness(deployment.namespace, name) for name in DEPLOYMENTS]
        except (ManifestRefused, NamespaceNotOurs) as error:
            return Outcome(version, serving, DeploymentState.FAILED, False, deployment.ready, error.detail)
        except ClusterProblem as error:
            log.warning("deployment_not_reconciled", tenant=deployment.tenant_id, detail=error.detail)
            return Outcome(version, serving, deployment.state, False, deployment.ready, error.detail)
        waiting = "; ".join(one.detail for one in found if not one.complete) or None
        return Outcome(version, serving, _state(found), True, found[0].serving, waiting, tuple(drift))

    async def _may_enter(self, deployment: DeploymentRead) -> bool:
        """False while a namespace of that name goes. Raises NamespaceNotOurs: force would take over its fields."""
        namespace = await self.cluster.read("v1", "Namespace", deployment.namespace)
        if namespace is None:
            return True
        if not is_ours(namespace, deployment.tenant_id):
            raise NamespaceNotOurs(deployment.namespace)
        return not is_going(namespace)

    async def _apply(self, deployment: DeploymentRead, *, compare: bool) -> list[str]:
        """``compare``: apply only what has drifted, and answer that; else everything."""
        wanted = Wanted(deployment.tenant_id, deployment.wanted_version, SIZES[deployment.size])
        drift: list[str] = []
        for manifest in objects(self.blueprint, wanted):
            if manifest["kind"] == ROUTE and not deployment.is_serving:
                meta = manifest["metadata"]
                await self.cluster.delete(manifest["apiVersion"], ROUTE, meta["name"], meta["namespace"])
            elif not compare:
                await self.cluster.apply(manifest)
            elif found := await self._drift(manifest):
                await self.cluster.apply(manifest)
                drift += found
        return drift

    async def _drift(self, manifest: Manifest) -> list[str]:
        meta, kind = manifest["metadata"], manifest["kind"]
        live = await self.cluster.read(manifest["apiVersion"], kind, meta["name"], meta.get("namespace"))
        if live is None:
            return [f"{kind} {meta['name']}: was missing"]
        applied = await self.cluster.apply(manifest, dry_run=True)
        return [f"{kind} {meta['name']}: {path}" for path in rules.differences(live, applied)]

    async def _readiness(self, namespace: str, name: str) -> Readiness:
        deployment = await self.cluster.read("apps/v1", "Deployment", name, namespace)
        if deployment is None:
            return Readiness(False, False, False, f"{name}: was removed at this moment")
        return rules.readiness(deployment)

    async def _remove(self, deployment: DeploymentRead) -> None:
        """The namespace takes all with it. One that is not ours is left alone, and so is what came after ours."""
        problem: str | None = "the namespace is being removed"
        try:
            namespace = await self.cluster.read("v1", "Namespace", deployment.namespace)
            if namespace is None or not is_ours(namespace, deployment.tenant_id):
                problem = None
            elif not is_going(namespace):
                uid = namespace["metadata"]["uid"]
                await self.cluster.delete("v1", "Namespace", deployment.namespace, uid=uid)
        except ClusterProblem as error:
            log.warning("deployment_not_removed", tenant=deployment.tenant_id, detail=error.detail)
            problem = error.detail
        async with self.database.write(SYSTEM) as tx:
            await deployments.note_removal(tx, deployment.tenant_id, problem)


def is_going(namespace: Manifest) -> bool:
    return "deletionTimestamp" in namespace["metadata"]


def _state(found: list[Readiness]) -> DeploymentState:
    if any(one.has_failed for one in found):
        return DeploymentState.FAILED
    return DeploymentState.READY if all(one.complete for one in found) else DeploymentState.WAITING
