from datetime import UTC, datetime
from uuid import UUID

from control_plane.tenants.rules import TenantState, Where
from shared.errors import (
    Conflict,
    FieldError,
    Forbidden,
    Invalid,
    InvalidTransition,
    NotFound,
    PreconditionFailed,
    TooLarge,
    Unavailable,
)
from shared.fields import rfc3339


class TenantNotFound(NotFound):
    def __init__(self, tenant_id: str) -> None:
        super().__init__(f"There is no tenant {tenant_id}.")


class TenantIsSuspended(Forbidden):
    """As its plane says it."""

    code = "TENANT_SUSPENDED"

    def __init__(self, delete_after: datetime | None = None) -> None:
        why = "suspended"
        if delete_after is not None:
            why = f"to be deleted on {delete_after.astimezone(UTC).date()} (UTC)"
        super().__init__(f"This tenant is {why}: everything can be read, nothing can be changed.")


class OperationNotFound(NotFound):
    def __init__(self, operation_id: UUID) -> None:
        super().__init__(f"This tenant has no operation {operation_id}.")


class TenantExists(Conflict):
    """``how``: in what it is not the one that was asked for."""

    def __init__(self, tenant_id: str, how: str = "") -> None:
        super().__init__(f"There is a tenant {tenant_id} already{how and f', {how}'}; choose another tenant_id.")


class PlanUnknown(Invalid):
    def __init__(self, plan: str) -> None:
        super().__init__(
            f"body.plan: there is no plan {plan}",
            errors=[FieldError(field="body.plan", message="must be the name of a plan in GET /api/plans")],
        )


class PlacementNotOffered(Conflict):
    def __init__(self, tenant_id: str, where: Where) -> None:
        super().__init__(f"This installation has no {where} plane for {tenant_id}; nothing was changed.")


class ArchivedPlanUnknown(Invalid):
    def __init__(self, plan: str) -> None:
        super().__init__(
            f"This installation has no plan {plan}, and an archive brings none: name one of its plans (?plan=…).",
            errors=[FieldError(field="query.plan", message="must be the name of a plan in GET /api/plans")],
        )


class NotConfirmed(Invalid):
    def __init__(self, tenant_id: str) -> None:
        super().__init__(
            f"confirm: must be {tenant_id}, the tenant_id of what is deleted",
            errors=[FieldError(field="query.confirm", message="must equal the tenant_id")],
        )


class TenantCannotMove(InvalidTransition):
    def __init__(self, tenant_id: str, current: TenantState, wanted: TenantState) -> None:
        super().__init__(f"Tenant {tenant_id} is {current} and can't become {wanted}.")


class NotChangeable(InvalidTransition):
    def __init__(self, tenant_id: str, current: TenantState) -> None:
        super().__init__(f"Tenant {tenant_id} is {current} and can't be changed.")


class AlreadyPlaced(InvalidTransition):
    def __init__(self, tenant_id: str, where: Where) -> None:
        super().__init__(f"Tenant {tenant_id} runs in its {where} placement already.")


class GracePeriodOver(InvalidTransition):
    def __init__(self, tenant_id: str, ended_at: datetime) -> None:
        super().__init__(f"Tenant {tenant_id} could be restored until {rfc3339(ended_at)}; it is being removed.")


class OperationRunning(Conflict):
    """At most one unfinished operation a tenant."""

    def __init__(self, tenant_id: str, kind: str, operation_id: UUID) -> None:
        super().__init__(f"Tenant {tenant_id} has an unfinished operation: {kind} ({operation_id}). Wait for its end.")


class OperationEnded(InvalidTransition):
    def __init__(self, kind: str, state: str) -> None:
        super().__init__(f"This {kind} is {state}; it can't be tried again.")


class NotCancellable(InvalidTransition):
    def __init__(self, kind: str, state: str) -> None:
        super().__init__(f"This {kind} is {state} and can't be cancelled; only a move before its switch can.")


class ChangedMeanwhile(PreconditionFailed):
    def __init__(self, tenant_id: str, when: datetime) -> None:
        super().__init__(f"Tenant {tenant_id} was changed at {rfc3339(when)}; read it again.")


class TenantPlaneAway(Unavailable):
    def __init__(self, tenant_id: str) -> None:
        super().__init__(
            f"Tenant {tenant_id} is recorded but not usable yet, since the tenant plane does not answer."
            " Send the same request again to continue.",
            retry_after_seconds=5,
        )


class PlaneFailed(Unavailable):
    """A plane can't be reached, or its answer is not what was asked for. The operation goes on later."""


class PlacementNotReady(Unavailable):
    """The place is being made; ``detail`` says how far it is. Nothing has failed."""

    def __init__(self, step: str, detail: str) -> None:
        super().__init__(f"{step}: {detail}", retry_after_seconds=5)
        self.step = step


class CopyDiffers(Unavailable):
    """A move's copy is not what the source holds; the move is given up and the source goes on."""

    def __init__(self, tables: list[str]) -> None:
        super().__init__(f"The copy differs from the source in: {', '.join(tables)}.")


class RowsDoNotFit(Conflict):
    def __init__(self, table: str) -> None:
        super().__init__(f"Rows of the archive do not fit beside what is in the table {table} here; nothing was kept.")


class ArchiveRefused(Invalid):
    """The tenant's plane can't restore it; the sentence is the plane's."""

    code = "ARCHIVE_BROKEN"


class ArchiveTooNew(Invalid):
    code = "ARCHIVE_TOO_NEW"

    def __init__(self, unknown: list[str]) -> None:
        super().__init__(f"A newer version has made this archive; unknown here: {', '.join(unknown[:5])}.")


class ArchiveTooLarge(TooLarge):
    def __init__(self, most_bytes: int) -> None:
        super().__init__(f"The archive is larger than {most_bytes:,} bytes (OPSPLANE_ARCHIVE_MAX_BYTES).")


class ArchivesInTheWay(Unavailable):
    def __init__(self) -> None:
        super().__init__("Other archives take the room that this one needs; try again later.", retry_after_seconds=60)
