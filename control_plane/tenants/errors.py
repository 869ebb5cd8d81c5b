from control_plane.tenants.rules import TenantState
from shared.errors import Conflict, FieldError, Invalid, InvalidTransition, NotFound, Unavailable


class TenantNotFound(NotFound):
    def __init__(self, tenant_id: str) -> None:
        super().__init__(f"There is no tenant {tenant_id}.")


class TenantExists(Conflict):
    def __init__(self, tenant_id: str) -> None:
        super().__init__(f"There is a tenant {tenant_id} already; choose another tenant_id.")


class PlanUnknown(Invalid):
    def __init__(self, plan: str) -> None:
        super().__init__(
            f"body.plan: there is no plan {plan}",
            errors=[FieldError(field="body.plan", message="must be the name of a plan in GET /api/plans")],
        )


class TenantCannotMove(InvalidTransition):
    def __init__(self, tenant_id: str, current: TenantState, wanted: TenantState) -> None:
        super().__init__(f"Tenant {tenant_id} is {current} and can't become {wanted}.")


class TenantPlaneAway(Unavailable):
    def __init__(self, tenant_id: str) -> None:
        super().__init__(
            f"Tenant {tenant_id} is recorded but not usable yet, since the tenant plane does not answer."
            " Send the same request again to continue.",
            retry_after_seconds=5,
        )
