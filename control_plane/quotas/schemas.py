from datetime import date
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from control_plane.plans.schemas import PlanName
from control_plane.quotas.rules import LimitName
from shared.contracts.tenants import TenantId
from shared.fields import ShortText, Timestamp
from shared.pages import PageQuery
from shared.tx import AuditedEvent


class LimitGrant(BaseModel):
    """A limit for one tenant instead of its plan's; ``value`` null: no limit. A new one takes the place of an older.

    Without ``ends_at`` it counts until it is taken back.
    """

    model_config = ConfigDict(extra="forbid")

    limit_name: LimitName
    value: Annotated[int, Field(ge=0, lt=2**53)] | None
    reason: ShortText
    ends_at: Timestamp | None = None


class Throttle(BaseModel):
    """No role may send more requests a minute than this until ``ends_at``; one that may send less keeps that."""

    model_config = ConfigDict(extra="forbid")

    requests_per_minute: Annotated[int, Field(ge=1, lt=2**31)] = Field(examples=[60])
    reason: ShortText
    ends_at: Timestamp


class GrantedLimit(BaseModel):
    """``is_active``: it counts now."""

    limit_id: UUID
    tenant_id: str
    limit_name: LimitName
    value: int | None
    reason: str
    created_by: str
    created_at: Timestamp
    ends_at: Timestamp | None
    ended_at: Timestamp | None
    ended_by: str | None
    is_active: bool


class Throttled(BaseModel):
    """``limits``: what counts instead of the plan's rates until their end; each can be taken back by itself."""

    tenant_id: str
    limits: list[GrantedLimit]


class DayAmount(BaseModel):
    day: date
    amount: int


class ActiveGrant(BaseModel):
    limit_id: UUID
    value: int | None
    ends_at: Timestamp | None


class LimitUsage(BaseModel):
    """``limit`` is what counts: ``override`` if there is one, else ``plan_limit``; null means no limit.

    ``used`` is null, and ``trend`` empty, for limits of which nothing is counted. ``trend``: the last 30 days, oldest
    first: amounts of each day for what is counted by the month, else the level at its end. ``resets_at``: when a month
    begins anew. ``projected_hit_at``: null when the limit will not be reached at the present rate.
    """

    limit_name: LimitName
    used: int | None
    limit: int | None
    plan_limit: int | None
    share: float | None
    override: ActiveGrant | None
    resets_at: Timestamp | None
    trend: list[DayAmount]
    projected_hit_at: Timestamp | None


class UsageRead(BaseModel):
    """``reported_at``: when the tenant's plane last said what was used. ``held``: payloads kept and not processed."""

    tenant_id: str
    plan: str
    plan_version: int
    reported_at: Timestamp | None
    held: int
    items: list[LimitUsage]


class FullestQuery(PageQuery):
    limit_name: LimitName = LimitName.EVENTS_PER_MONTH
    min_share: Annotated[float, Field(ge=0, le=1_000_000)] = 0


class TenantShare(BaseModel):
    """``share``: 1 is full; 0 where there is no limit."""

    tenant_id: str
    name: str
    limit_name: LimitName
    used: int
    limit: int | None
    share: float
    measured_at: Timestamp


class PlanPreview(BaseModel):
    """Who would exceed ``version`` of the plan (default: the newest) if moved to it.

    Looks at the tenants of ``from_plan`` (default: the same plan), or at ``tenant_id`` alone; at ``limit`` of them at
    once.
    """

    model_config = ConfigDict(extra="forbid")

    version: Annotated[int, Field(ge=1, lt=2**31)] | None = None
    from_plan: PlanName | None = None
    tenant_id: TenantId | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 200
    cursor: Annotated[str, Field(max_length=500)] | None = None


class Exceeded(BaseModel):
    limit_name: LimitName
    used: int
    limit: int


class ExceedingTenant(BaseModel):
    tenant_id: str
    name: str
    plan: str
    plan_version: int
    exceeds: list[Exceeded]


class PlanPreviewed(BaseModel):
    """``items``: those of the ``checked`` tenants that would exceed a limit; ask again with ``next_cursor``."""

    plan: str
    version: int
    checked: int
    items: list[ExceedingTenant]
    next_cursor: str | None


class LimitEvent(AuditedEvent):
    """For super-admins: why somebody got more than was sold is the provider's own business."""

    about: ClassVar[str] = "tenant:{0.tenant_id}"

    tenant_id: str
    limit_id: UUID
    limit_name: LimitName
    before: int | None
    after: int | None


class LimitGranted(LimitEvent):
    kind: ClassVar[str] = "limit.granted"

    reason: str
    ends_at: Timestamp | None


class LimitEnded(LimitEvent):
    """Taken back, or its end has come."""

    kind: ClassVar[str] = "limit.ended"

    is_due: bool
