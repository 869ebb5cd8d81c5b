from control_plane.plans import service
from control_plane.plans.schemas import PlanRead
from shared.pages import Page, PageQuery
from shared.tx import ReadTx
from shared.web.operations import Api

api = Api(tag="plans", kind="Plan", plural="plans")


@api.get("/api/plans")
async def list_plans(tx: ReadTx, query: PageQuery) -> Page[PlanRead]:
    """Plans on sale, smallest first."""
    return await service.list_plans(tx, query)
