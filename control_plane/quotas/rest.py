from uuid import UUID

from control_plane.plans.errors import PlanNotFound
from control_plane.plans.schemas import PlanName
from control_plane.quotas import service
from control_plane.quotas.errors import LimitNotFound, WrongGrant
from control_plane.quotas.schemas import (
    FullestQuery,
    GrantedLimit,
    LimitGrant,
    PlanPreview,
    PlanPreviewed,
    TenantShare,
    Throttle,
    Throttled,
    UsageRead,
)
from control_plane.tenants.errors import TenantNotFound
from shared.contracts.tenants import TenantId
from shared.pages import Page, PageQuery
from shared.tx import ReadTx, WriteTx
from shared.web.operations import Api

api = Api(tag="quotas", kind="Limit", plural="limits")


@api.get("/api/tenants/usage", kind="TenantShare", plural="tenants")
async def list_fullest_tenants(tx: ReadTx, query: FullestQuery) -> Page[TenantShare]:
    """Tenants by how full one of their limits is, the fullest first; for super-admins."""
    return await service.list_fullest(tx, query)


@api.get("/api/tenants/{tenant_id}/usage", kind="Usage", errors=[TenantNotFound])
async def read_usage(tx: ReadTx, tenant_id: TenantId) -> UsageRead:
    """What a tenant has used of what it may, day by day, and when each limit will be reached.

    For super-admins and for the tenant's own admins.
    """
    return await service.read_usage(tx, tenant_id)


@api.get("/api/tenants/{tenant_id}/limits", errors=[TenantNotFound])
async def list_limits(tx: ReadTx, tenant_id: TenantId, query: PageQuery) -> Page[GrantedLimit]:
    """Limits that were granted to a tenant instead of its plan's, newest first; for super-admins."""
    return await service.list_limits(tx, tenant_id, query)


@api.post("/api/tenants/{tenant_id}/limits", status=201, errors=[TenantNotFound, WrongGrant])
async def grant_limit(tx: WriteTx, tenant_id: TenantId, body: LimitGrant) -> GrantedLimit:
    """Grant a tenant another limit than its plan's, with a reason and, if it shall end by itself, a date."""
    return await service.grant_limit(tx, tenant_id, body)


@api.post("/api/tenants/{tenant_id}/throttle", kind="Throttle", errors=[TenantNotFound, WrongGrant])
async def throttle_tenant(tx: WriteTx, tenant_id: TenantId, body: Throttle) -> Throttled:
    """Hold a noisy tenant to fewer requests a minute for a while, with a reason; for super-admins.

    API keys with a rate of their own keep it, and what senders post is never refused.
    """
    return await service.throttle_tenant(tx, tenant_id, body)


@api.delete("/api/tenants/{tenant_id}/limits/{limit_id}", errors=[LimitNotFound])
async def end_limit(tx: WriteTx, tenant_id: TenantId, limit_id: UUID) -> GrantedLimit:
    """Take a granted limit back; the plan's counts again."""
    return await service.end_limit(tx, tenant_id, limit_id)


@api.post("/api/plans/{name}/preview", kind="PlanPreview", errors=[PlanNotFound, TenantNotFound])
async def preview_plan(tx: ReadTx, name: PlanName, body: PlanPreview) -> PlanPreviewed:
    """Which tenants would exceed which limits if they were moved to a version of this plan. Changes nothing."""
    return await service.preview_plan(tx, name, body)
