"""What comes again and again: deployments to look at, the rollout, orphaned namespaces, the planes' numbers."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import structlog

from control_plane.core.system import SYSTEM
from control_plane.provisioning.errors import ClusterProblem
from control_plane.provisioning.flows.reconcile import Reconciler, is_going
from control_plane.provisioning.manifests.blueprint import OURS, TENANT, is_ours, service_url
from control_plane.provisioning.ports import Planes
from control_plane.provisioning.schemas import DeploymentRead, Orphan
from control_plane.provisioning.service import cells, deployments, rollouts
from control_plane.tenants import service as tenants
from control_plane.tenants.rules import TenantState, Where
from shared.contracts.fleet import FleetHealth
from shared.errors import AppError
from shared.tx import Database

T = TypeVar("T")
log = structlog.get_logger()
DEPLOYMENTS_AT_ONCE = 40
PLANES_AT_ONCE = 50
TENANTS_AT_ONCE = 1000
AT_THE_SAME_TIME = 4
SHARED = "shared"


@dataclass(frozen=True, slots=True)
class Rounds:
    """``fixed_planes``: URLs by name of those that somebody else has started, the shared cell first of all.
    ``reconciler`` is None where there is no cluster, and so no other planes.
    """

    database: Database
    planes: Planes
    fixed_planes: Mapping[str, str]
    reconciler: Reconciler | None = None
    rollout_deadline: timedelta = timedelta(minutes=15)
    orphan_grace: timedelta = timedelta(days=3)

    async def close(self) -> None:
        if self.reconciler is not None:
            await self.reconciler.cluster.close()

    async def reconcile_deployments(self) -> None:
        """Those looked at longest ago, a bounded number, a few at the same time."""
        if self.reconciler is None:
            return
        async with self.database.write(SYSTEM) as tx:
            due = await deployments.claim_due_deployments(tx, DEPLOYMENTS_AT_ONCE)
        await _for_each(due, self.reconciler.reconcile)

    async def advance_rollout(self) -> None:
        async with self.database.write(SYSTEM) as tx:
            await rollouts.advance_rollout(tx, self.rollout_deadline)

    async def sweep_orphans(self) -> None:
        """Remember namespaces that no tenant needs; remove those that have been so for the whole grace period.

        A plane whose tenant is gone goes too: somebody may have asked for it while the tenant was being removed.
        """
        if self.reconciler is None:
            return
        live = await self.reconciler.cluster.find("v1", "Namespace", OURS)
        ours = {
            namespace["metadata"]["name"]: namespace["metadata"]["labels"][TENANT]
            for namespace in live
            if not is_going(namespace)
        }
        dedicated, gone = await self._places()
        async with self.database.write(SYSTEM) as tx:
            await deployments.want_removal_of(tx, gone)
            unknown = await deployments.list_without_deployment(tx, ours)
            found = {name: tenant_id for name, tenant_id in unknown.items() if tenant_id not in dedicated}
            orphans = await deployments.note_orphans(tx, found, self.orphan_grace)
        for orphan in orphans:
            if orphan.is_due:
                await self._remove_orphan(self.reconciler, orphan)

    async def _places(self) -> tuple[set[str], set[str]]:
        """Tenants that live in a plane of their own, even if nothing is recorded about it; and those that are gone."""
        dedicated: set[str] = set()
        gone: set[str] = set()
        after: str | None = None
        while True:
            async with self.database.read(SYSTEM) as tx:
                page = await tenants.list_placed_tenants(tx, after=after, limit=TENANTS_AT_ONCE)
            gone |= {placed.tenant_id for placed, state in page if state is TenantState.GONE}
            dedicated |= {placed.tenant_id for placed, _ in page if placed.placement is Where.DEDICATED} - gone
            if len(page) < TENANTS_AT_ONCE:
                return dedicated, gone
            after = page[-1][0].tenant_id

    async def look_at_planes(self) -> None:
        """Fixed ones always; of those in the cluster the ones asked longest ago."""
        async with self.database.read(SYSTEM) as tx:
            made = await cells.list_planes_to_look_at(tx, PLANES_AT_ONCE)
        await _for_each(list(self.fixed_planes.items()), self._look_at_fixed)
        await _for_each(made, self._look_at_made)

    async def _look_at_fixed(self, plane: tuple[str, str]) -> None:
        name, url = plane
        await self._look(name, Where.SHARED if name == SHARED else Where.DEDICATED, url)

    async def _look_at_made(self, deployment: DeploymentRead) -> None:
        """What the cluster last said about it says more than that nobody answers."""
        url, version = service_url(deployment.tenant_id), deployment.actual_version
        await self._look(deployment.tenant_id, Where.DEDICATED, url, version, deployment.last_error)

    async def _look(
        self, name: str, placement: Where, url: str, version: str | None = None, known: str | None = None
    ) -> None:
        fleet: FleetHealth | None = None
        problem = known
        try:
            fleet = await self.planes.fleet(url)
        except AppError as error:
            problem = known or error.detail
        async with self.database.write(SYSTEM) as tx:
            await cells.note_cell(
                tx, name, placement=placement, url=url.rstrip("/"), version=version, fleet=fleet, problem=problem
            )

    async def _remove_orphan(self, reconciler: Reconciler, orphan: Orphan) -> None:
        """Only the very namespace that was looked at just now, and only if it is still labelled as ours."""
        namespace = await reconciler.cluster.read("v1", "Namespace", orphan.namespace)
        if namespace is not None and not is_ours(namespace, orphan.tenant_id):
            return
        if namespace is not None:
            try:
                uid = namespace["metadata"]["uid"]
                await reconciler.cluster.delete("v1", "Namespace", orphan.namespace, uid=uid)
            except ClusterProblem as error:
                log.warning("orphan_not_removed", namespace=orphan.namespace, detail=error.detail)
                return
        async with self.database.write(SYSTEM) as tx:
            await deployments.note_orphan_removed(tx, orphan)


async def _for_each(things: Sequence[T], work: Callable[[T], Awaitable[object]]) -> None:
    """A few at the same time; one that fails does not keep the others from their turn."""
    turns = asyncio.Semaphore(AT_THE_SAME_TIME)

    async def one(thing: T) -> None:
        async with turns:
            await work(thing)

    results = await asyncio.gather(*(one(thing) for thing in things), return_exceptions=True)
    failures = [result for result in results if isinstance(result, Exception)]
    if failures:
        raise ExceptionGroup("some of a round failed", failures)
