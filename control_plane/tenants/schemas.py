from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from control_plane.tenants.rules import TenantState
from shared.contracts.tenants import TenantId
from shared.fields import Email, ShortText, Timestamp
from shared.pages import PageQuery
from shared.tx import Event


class TenantCreate(BaseModel):
    model_config = ConfigDict(extra="forbid")

    tenant_id: TenantId = Field(examples=["acme-corp"])
    name: ShortText
    plan: ShortText
    contact_email: Email


class TenantRead(BaseModel):
    """``events_this_month`` is null as long as the tenant plane has not reported any."""

    model_config = ConfigDict(from_attributes=True)

    tenant_id: str
    name: str
    plan: str
    contact_email: str
    state: TenantState
    created_at: Timestamp
    events_this_month: int | None = None


class TenantQuery(PageQuery):
    state: list[TenantState] | None = None


class TenantSummary(BaseModel):
    """What other domains may know: the name, and whether people may work there now."""

    tenant_id: str
    name: str
    is_open: bool


class TenantRequested(Event):
    kind: ClassVar[str] = "tenant.requested"

    tenant_id: str
    plan: str


class TenantMoved(Event):
    kind: ClassVar[str] = "tenant.moved"

    tenant_id: str
    previous: TenantState
    state: TenantState
