"""What the tests of a tenant's life ask again and again."""

from typing import Any
from uuid import UUID

from control_plane.core.system import SYSTEM
from control_plane.tenants import service
from control_plane.tenants.flows import TenantFlows
from control_plane.tenants.schemas import OperationRead
from shared.pages import PageQuery
from tests.control_plane.support import ControlPlane

ACME = {"tenant_id": "acme", "name": "Acme", "plan": "pro", "contact_email": "ops@acme.example"}


def flows_of(control: ControlPlane) -> TenantFlows:
    flows: TenantFlows = control.app.state.tenants
    return flows


async def created(control: ControlPlane, headers: dict[str, str], **change: Any) -> dict[str, Any]:
    answer = await control.client.post("/api/tenants", json={**ACME, **change}, headers=headers)
    assert answer.status_code == 201, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


async def state_of(control: ControlPlane, tenant_id: str = "acme") -> str:
    async with control.database.read(SYSTEM) as tx:
        return (await service.get_tenant(tx, tenant_id)).state


async def operations(control: ControlPlane, tenant_id: str = "acme") -> list[tuple[str, str]]:
    """Kinds and states, oldest first."""
    return [(operation.kind, operation.state) for operation in await all_operations(control, tenant_id)]


async def all_operations(control: ControlPlane, tenant_id: str = "acme") -> list[OperationRead]:
    async with control.database.read(SYSTEM) as tx:
        return list(reversed((await service.list_operations(tx, tenant_id, PageQuery())).items))


async def last_operation_id(control: ControlPlane, tenant_id: str = "acme") -> UUID:
    return (await all_operations(control, tenant_id))[-1].operation_id


async def settle(control: ControlPlane, flows: TenantFlows | None = None) -> None:
    """Reconcile until nothing is wanted any more; a grace period that still runs is left alone."""
    waiting = "select count(*) from tenants where next_try_at is not null and next_try_at < now() + interval '1 day'"
    for _ in range(20):
        await (flows or flows_of(control)).reconcile_tenants()
        await (flows or flows_of(control)).reconcile_moves()
        if await control.sql(waiting) == [(0,)]:
            return
        await control.pass_time(60)
    raise AssertionError(await control.sql("select tenant_id, state, failures, next_try_at from tenants"))
