"""What moving tenants to a version of a plan would mean for them."""

from control_plane.core.permissions import Permission
from control_plane.plans import service as plans
from control_plane.quotas import rules
from control_plane.quotas.schemas import Exceeded, ExceedingTenant, PlanPreview, PlanPreviewed
from control_plane.quotas.service.measuring import granted_to, used_of
from control_plane.tenants import service as tenants
from control_plane.tenants.rules import TenantState
from control_plane.tenants.schemas import TenantQuery, TenantRead
from shared.tx import ReadTx

THERE: list[TenantState] = [state for state in TenantState if state is not TenantState.GONE]


async def preview_plan(tx: ReadTx, name: str, command: PlanPreview) -> PlanPreviewed:
    """Changes nothing. What was granted to a tenant goes along with it. Raises PlanNotFound, TenantNotFound."""
    tx.require(Permission.PLANS_MANAGE)
    plan = await plans.get_plan(tx, name, command.version)
    looked_at, cursor = await _tenants(tx, name, command)
    ids = [tenant.tenant_id for tenant in looked_at]
    used, granted = await used_of(tx, ids), await granted_to(tx, ids)
    items = []
    for tenant in looked_at:
        limits = rules.effective(plan.limits, granted[tenant.tenant_id])
        passed = rules.exceeded(used[tenant.tenant_id], limits)
        if passed:
            exceeds = [
                Exceeded(limit_name=limit_name, used=amount, limit=limit) for limit_name, amount, limit in passed
            ]
            about = tenant.model_dump(include={"tenant_id", "name", "plan", "plan_version"})
            items.append(ExceedingTenant(**about, exceeds=exceeds))
    return PlanPreviewed(plan=plan.name, version=plan.version, checked=len(looked_at), items=items, next_cursor=cursor)


async def _tenants(tx: ReadTx, name: str, command: PlanPreview) -> tuple[list[TenantRead], str | None]:
    if command.tenant_id is not None:
        return [await tenants.get_tenant(tx, command.tenant_id)], None
    query = TenantQuery(plan=[command.from_plan or name], state=THERE, limit=command.limit, cursor=command.cursor)
    page = await tenants.list_tenants(tx, query)
    return list(page.items), page.next_cursor
