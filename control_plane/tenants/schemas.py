from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import MISSING, AfterValidator, BaseModel, ConfigDict, Field

from control_plane.plans.schemas import PlanName
from control_plane.tenants.ports import PlacedTenant
from control_plane.tenants.rules import RESERVED_IDS, OperationKind, OperationState, Step, StepState, TenantState, Where
from shared.contracts.tenants import TenantId, TenantWanted
from shared.fields import Email, LongText, ReasonText, ShortText, Timestamp
from shared.pages import PageQuery
from shared.tx import AuditedEvent, Event, TenantAuditedEvent


def _not_reserved(tenant_id: str) -> str:
    if tenant_id in RESERVED_IDS:
        raise ValueError("is reserved; choose another one")
    return tenant_id


class TenantCreate(BaseModel):
    model_config = ConfigDict(extra="forbid")

    tenant_id: Annotated[TenantId, AfterValidator(_not_reserved)] = Field(examples=["acme-corp"])
    name: ShortText
    plan: ShortText
    contact_email: Email


class TenantPatch(BaseModel):
    """What is left out stays as it is. ``reason`` belongs to a change of plan."""

    model_config = ConfigDict(extra="forbid")

    name: ShortText | MISSING = MISSING
    contact_email: Email | MISSING = MISSING
    plan: ShortText | MISSING = MISSING
    reason: ShortText | None = None


class Suspend(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: ShortText


class Reason(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: ShortText | None = None


class Delete(BaseModel):
    """``confirm`` repeats the tenant_id."""

    model_config = ConfigDict(extra="forbid")

    confirm: str | None = None
    reason: ShortText | None = None


class DeleteQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    confirm: str | None = None


class Move(BaseModel):
    model_config = ConfigDict(extra="forbid")

    placement: Where
    reason: ShortText | None = None


class TenantRead(BaseModel):
    """``generation`` is also the ETag; the tenant's plane has what is wanted once ``observed_generation`` equals it.

    ``operation_id`` and ``operation_kind`` name the unfinished operation, if there is one. ``delete_after`` is when a
    tenant that is being deleted can no longer be restored. Counts are null as long as nobody has counted.
    ``events_limit``: as of the plane's last report, null means no limit; ``last_event_on``: the last day (UTC) with an
    event; ``standing``: of its payments.
    """

    model_config = ConfigDict(from_attributes=True)

    tenant_id: str
    name: str
    plan: str
    plan_version: int
    contact_email: str
    state: TenantState
    suspended_reason: str | None
    placement: Where
    cell: str
    created_at: Timestamp
    updated_at: Timestamp
    delete_after: Timestamp | None
    generation: int
    observed_generation: int
    operation_id: UUID | None = None
    operation_kind: OperationKind | None = None
    events_this_month: int | None = None
    events_limit: int | None = None
    last_event_on: date | None = None
    users: int | None = None
    standing: str | None = None

    @property
    def version(self) -> int:
        return self.generation


class TenantImportRead(TenantRead):
    """``notices``: what the archive had and this installation did not take over, a sentence each."""

    notices: list[str]


class ExportQuery(BaseModel):
    """``reason``: the tenant's admins see it."""

    model_config = ConfigDict(extra="forbid")

    reason: ReasonText


class ImportQuery(BaseModel):
    """``plan``: instead of the archive's own. ``keep_grants``: limits that were raised there, and domains and addresses
    that were confirmed there, count here as well.
    """

    model_config = ConfigDict(extra="forbid")

    plan: PlanName | None = None
    keep_grants: bool = False


class TenantQuery(PageQuery):
    """``q``: how the tenant_id, the name or the contact's address begins, in any case."""

    state: list[TenantState] | None = None
    plan: list[ShortText] | None = None
    q: ShortText | None = None


class TenantSummary(BaseModel):
    """What other domains may know: the name, whether people may sign in there now, whether nothing can be changed
    there (it is suspended, or to be deleted), and when it is to be deleted.
    """

    tenant_id: str
    name: str
    is_open: bool
    is_suspended: bool
    delete_after: Timestamp | None = None


class StepRead(BaseModel):
    """``is_stuck``: not done although ``deadline_at`` has passed."""

    name: Step
    state: StepState
    started_at: Timestamp | None
    finished_at: Timestamp | None
    duration_ms: int | None
    deadline_at: Timestamp | None
    is_stuck: bool
    attempts: int
    error: str | None


class OperationRead(BaseModel):
    """``error`` is that of the last attempt; ``next_try_at`` is set as long as there will be another one."""

    operation_id: UUID
    tenant_id: str
    kind: OperationKind
    state: OperationState
    details: dict[str, Any]
    reason: str | None
    requested_by: str
    requested_by_name: str
    attempts: int
    error: str | None
    is_stuck: bool
    is_rolling_back: bool
    can_retry: bool
    can_cancel: bool
    next_try_at: Timestamp | None
    created_at: Timestamp
    started_at: Timestamp | None
    finished_at: Timestamp | None
    duration_ms: int | None
    steps: list[StepRead]


@dataclass(frozen=True, slots=True)
class Work:
    """What the reconciler does next for one tenant; ``wanted`` is the whole state that its plane shall have.

    ``kind`` is None when something changed without an operation, for example a limit. ``step``: the first of the
    operation's that is not done.
    """

    kind: OperationKind | None
    operation_id: UUID | None
    step: Step | None
    placed: PlacedTenant
    wanted: TenantWanted


@dataclass(frozen=True, slots=True)
class MoveWork:
    """One step of a move. ``wanted`` is the state for the plane that this step tells something."""

    operation_id: UUID
    step: Step | None
    source: PlacedTenant
    destination: PlacedTenant
    wanted: TenantWanted
    is_rolling_back: bool


class TenantMoved(Event):
    """From one state of its life to the next; what a person did is an event of its own beside it."""

    kind: ClassVar[str] = "tenant.moved"

    tenant_id: str
    previous: TenantState
    state: TenantState


class TenantChange(AuditedEvent):
    """What a person or another domain did to a tenant; for super-admins."""

    about: ClassVar[str] = "tenant:{0.tenant_id}"

    tenant_id: str


class TenantRequested(TenantChange):
    kind: ClassVar[str] = "tenant.requested"

    plan: str


class TenantUpdated(TenantChange):
    kind: ClassVar[str] = "tenant.updated"

    before: dict[str, str]
    after: dict[str, str]


class TenantPlanChanged(TenantAuditedEvent):
    kind: ClassVar[str] = "tenant.plan_changed"

    previous: str
    plan: str
    plan_version: int
    reason: str | None


class TenantSuspended(TenantAuditedEvent):
    kind: ClassVar[str] = "tenant.suspended"

    reason: str


class TenantResumed(TenantAuditedEvent):
    kind: ClassVar[str] = "tenant.resumed"

    reason: str | None


class TenantDeleted(TenantAuditedEvent):
    kind: ClassVar[str] = "tenant.deleted"

    reason: str | None
    delete_after: Timestamp


class TenantRestored(TenantAuditedEvent):
    kind: ClassVar[str] = "tenant.restored"

    state: TenantState


class TenantPurged(TenantChange):
    kind: ClassVar[str] = "tenant.purged"


class TenantMoveRequested(TenantChange):
    kind: ClassVar[str] = "tenant.move_requested"

    previous: Where
    placement: Where
    reason: str | None


class TenantPlaced(TenantChange):
    kind: ClassVar[str] = "tenant.placed"

    previous: Where
    placement: Where


class OperationRetried(TenantChange):
    kind: ClassVar[str] = "tenant.operation_retried"

    operation_id: UUID
    operation: OperationKind


class OperationCancelled(TenantChange):
    kind: ClassVar[str] = "tenant.operation_cancelled"

    operation_id: UUID
    operation: OperationKind


class TenantExported(TenantAuditedEvent):
    """The one way out for a tenant's content without an impersonation, so its admins see it, too."""

    kind: ClassVar[str] = "tenant.exported"

    operation_id: UUID
    reason: str


class LimitBrought(BaseModel):
    """A limit that was raised where the tenant comes from."""

    model_config = ConfigDict(extra="ignore")

    limit_name: ShortText
    value: int | None
    reason: LongText
    ends_at: Timestamp | None


class TenantImported(TenantChange):
    """``rows``: how many of each table came along. ``limits``: those that were granted with it."""

    kind: ClassVar[str] = "tenant.imported"

    operation_id: UUID
    exported_at: Timestamp
    plan: str
    plan_version: int
    rows: dict[str, int]
    limits: list[LimitBrought]
