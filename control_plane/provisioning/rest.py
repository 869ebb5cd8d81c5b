from uuid import UUID

from control_plane.provisioning.errors import (
    CanaryUnknown,
    NothingToRollOut,
    RolloutEnded,
    RolloutNotFound,
    RolloutNotResumable,
    RolloutOpen,
)
from control_plane.provisioning.schemas import CellRead, OrphanRead, RolloutRead, RolloutStart, TurnRead
from control_plane.provisioning.service import cells, rollouts
from shared.pages import Page, PageQuery
from shared.tx import ReadTx, WriteTx
from shared.web.operations import Api

api = Api(tag="provisioning", kind="Rollout", plural="rollouts")


@api.get("/api/tenants/cells", kind="Cell", plural="cells")
async def list_cells(tx: ReadTx, query: PageQuery) -> Page[CellRead]:
    """Every deployment of the tenant plane, shared and dedicated, as it was last seen; for super-admins."""
    return await cells.list_cells(tx, query)


@api.get("/api/tenants/cells/orphans", kind="Orphan", plural="orphans")
async def list_orphans(tx: ReadTx, query: PageQuery) -> Page[OrphanRead]:
    """Namespaces in the cluster that were made for a tenant and that no tenant needs any more."""
    return await cells.list_orphans(tx, query)


@api.get("/api/tenants/rollouts")
async def list_rollouts(tx: ReadTx, query: PageQuery) -> Page[RolloutRead]:
    """Rollouts of a version to the dedicated planes, newest first."""
    return await rollouts.list_rollouts(tx, query)


@api.post("/api/tenants/rollouts", status=201, errors=[CanaryUnknown, NothingToRollOut, RolloutOpen])
async def start_rollout(tx: WriteTx, body: RolloutStart) -> RolloutRead:
    """Bring a version to all dedicated planes: first to one tenant, then to tenths of the others.

    A wave begins when the one before is ready. One that does not become ready within its deadline stops the rollout.
    """
    return await rollouts.start_rollout(tx, body)


@api.get("/api/tenants/rollouts/{rollout_id}", errors=[RolloutNotFound])
async def get_rollout(tx: ReadTx, rollout_id: UUID) -> RolloutRead:
    """One rollout, with how many tenants are how far."""
    return await rollouts.get_rollout(tx, rollout_id)


@api.get("/api/tenants/rollouts/{rollout_id}/tenants", kind="Turn", plural="tenants", errors=[RolloutNotFound])
async def list_rollout_tenants(tx: ReadTx, rollout_id: UUID, query: PageQuery) -> Page[TurnRead]:
    """The tenants of a rollout, in the order of their turn."""
    return await rollouts.list_rollout_tenants(tx, rollout_id, query)


@api.post("/api/tenants/rollouts/{rollout_id}/resume", errors=[RolloutNotFound, RolloutNotResumable])
async def resume_rollout(tx: WriteTx, rollout_id: UUID) -> RolloutRead:
    """Go on after a stop: those that failed get another turn."""
    return await rollouts.resume_rollout(tx, rollout_id)


@api.post("/api/tenants/rollouts/{rollout_id}/cancel", errors=[RolloutNotFound, RolloutEnded])
async def cancel_rollout(tx: WriteTx, rollout_id: UUID) -> RolloutRead:
    """End it here. Tenants whose turn has come keep the new version; others stay at theirs."""
    return await rollouts.cancel_rollout(tx, rollout_id)
