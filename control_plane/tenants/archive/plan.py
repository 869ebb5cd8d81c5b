"""Which plan of this installation an imported tenant gets. Plans are sold here, so an archive never makes one."""

from control_plane.core.permissions import Permission
from control_plane.plans import service as plans
from control_plane.plans.schemas import PlanRead
from control_plane.tenants.archive.description import ArchivedPlan
from control_plane.tenants.errors import ArchivedPlanUnknown
from shared.tx import ReadTx


async def plan_for(tx: ReadTx, archived: ArchivedPlan, named: str | None) -> tuple[PlanRead, list[str]]:
    """With what should be told about it: the one that the importer names; else the same version, if it is the same
    here; else the version on sale under that name. Raises ArchivedPlanUnknown.
    """
    tx.require(Permission.TENANTS_MANAGE)
    if named is None:
        same = await plans.find_plan(tx, archived.name, archived.version)
        if same is not None and ArchivedPlan.model_validate(same) == archived:
            return same, []
    chosen = await plans.find_plan(tx, named or archived.name)
    if chosen is None:
        raise ArchivedPlanUnknown(named or archived.name)
    return chosen, [
        f"It had version {archived.version} of the plan {archived.name} there and has version {chosen.version} of"
        f" {chosen.name} here, with the limits of this installation."
    ]
