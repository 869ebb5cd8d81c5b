from control_plane.plans import service
from control_plane.plans.errors import PlanNotFound
from control_plane.plans.schemas import PlanCreate, PlanName, PlanRead
from shared.pages import Page, PageQuery
from shared.tx import ReadTx, WriteTx
from shared.web.operations import Api

api = Api(tag="plans", kind="Plan", plural="plans")


@api.get("/api/plans")
async def list_plans(tx: ReadTx, query: PageQuery) -> Page[PlanRead]:
    """Plans on sale, smallest first."""
    return await service.list_plans(tx, query)


@api.post("/api/plans", status=201)
async def create_plan(tx: WriteTx, body: PlanCreate) -> PlanRead:
    """Add a plan, or the next version of one; for super-admins.

    Tenants keep the version they have until they are moved; POST /api/plans/{name}/preview shows who would exceed it.
    """
    return await service.create_plan(tx, body)


@api.get("/api/plans/{name}", errors=[PlanNotFound])
async def list_plan_versions(tx: ReadTx, name: PlanName, query: PageQuery) -> Page[PlanRead]:
    """All versions of a plan, newest first."""
    return await service.list_plan_versions(tx, name, query)
