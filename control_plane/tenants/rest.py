from starlette.requests import Request

from control_plane.core.repeats import Repeat
from control_plane.tenants import service
from control_plane.tenants.errors import PlanUnknown, TenantExists, TenantNotFound, TenantPlaneAway
from control_plane.tenants.flows import TenantFlows
from control_plane.tenants.schemas import TenantCreate, TenantQuery, TenantRead
from shared.contracts.tenants import TenantId
from shared.pages import Page
from shared.tx import Actor, ReadTx
from shared.web.operations import Api

api = Api(tag="tenants", kind="Tenant", plural="tenants")


@api.get("/api/tenants")
async def list_tenants(tx: ReadTx, query: TenantQuery) -> Page[TenantRead]:
    """All tenants by tenant_id; for super-admins."""
    return await service.list_tenants(tx, query)


@api.post("/api/tenants", status=201, idempotent=True, errors=[PlanUnknown, TenantExists, TenantPlaneAway])
async def create_tenant(request: Request, actor: Actor, body: TenantCreate, raw: bytes) -> TenantRead:
    """Register a tenant; answers when it is usable.

    503 means that it is recorded but not usable yet: the same request continues. Idempotency-Key is honoured.
    """
    flows: TenantFlows = request.app.state.tenants
    return await flows.create_tenant(actor, body, Repeat.of(request, actor, raw, TenantRead))


@api.get("/api/tenants/{tenant_id}", errors=[TenantNotFound])
async def get_tenant(tx: ReadTx, tenant_id: TenantId) -> TenantRead:
    """Read one tenant."""
    return await service.get_tenant(tx, tenant_id)
