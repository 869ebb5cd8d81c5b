"""The life of a tenant, and the operations that change it.

``gone`` keeps the slug, so that no later customer is ever taken for an earlier one.
"""

from collections.abc import Mapping
from enum import StrEnum

from shared.contracts.tenants import Standing


class TenantState(StrEnum):
    REQUESTED = "requested"
    PROVISIONING = "provisioning"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    DELETING = "deleting"
    GONE = "gone"


class Where(StrEnum):
    """The two placements: in a cell with others, or in a deployment of its own."""

    SHARED = "shared"
    DEDICATED = "dedicated"


class OperationKind(StrEnum):
    CREATE = "create"
    CHANGE_PLAN = "change_plan"
    RENAME = "rename"
    SUSPEND = "suspend"
    RESUME = "resume"
    DELETE = "delete"
    RESTORE = "restore"
    PURGE = "purge"
    MOVE = "move"
    EXPORT = "export"
    IMPORT = "import"


class OperationState(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class StepState(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"


class Step(StrEnum):
    PLACE = "place"
    PROVISION = "provision"
    APPLY = "apply"
    FREEZE = "freeze"
    COPY = "copy"
    VERIFY = "verify"
    SWITCH = "switch"
    ACTIVATE = "activate"
    REMOVE = "remove"
    FORGET = "forget"
    TRANSFER = "transfer"


NEXT: Mapping[TenantState, frozenset[TenantState]] = {
    TenantState.REQUESTED: frozenset({TenantState.PROVISIONING, TenantState.DELETING}),
    TenantState.PROVISIONING: frozenset({TenantState.ACTIVE, TenantState.DELETING}),
    TenantState.ACTIVE: frozenset({TenantState.SUSPENDED, TenantState.DELETING}),
    TenantState.SUSPENDED: frozenset({TenantState.ACTIVE, TenantState.DELETING}),
    TenantState.DELETING: frozenset(
        {
            TenantState.REQUESTED,
            TenantState.PROVISIONING,
            TenantState.ACTIVE,
            TenantState.SUSPENDED,
            TenantState.GONE,
        }
    ),
    TenantState.GONE: frozenset(),
}
"""From ``deleting`` back to where it was is the undo, until the grace period ends."""

RESERVED_IDS = frozenset({"cells", "export", "import", "rollouts", "usage"})
"""Paths below /api/tenants that are no tenants."""
CHANGEABLE = frozenset({TenantState.REQUESTED, TenantState.PROVISIONING, TenantState.ACTIVE, TenantState.SUSPENDED})
"""Where the name, the plan and the placement may still change."""
UNFINISHED = (OperationState.PENDING, OperationState.RUNNING)
STREAMED = (OperationKind.EXPORT, OperationKind.IMPORT)
"""Done by the request itself, whose body or answer is the archive; no tick can take them over."""

STEPS: Mapping[OperationKind, tuple[Step, ...]] = {
    OperationKind.CREATE: (Step.PLACE, Step.PROVISION),
    OperationKind.CHANGE_PLAN: (Step.APPLY,),
    OperationKind.RENAME: (Step.APPLY,),
    OperationKind.SUSPEND: (Step.APPLY,),
    OperationKind.RESUME: (Step.APPLY,),
    OperationKind.DELETE: (Step.APPLY,),
    OperationKind.RESTORE: (Step.APPLY,),
    OperationKind.PURGE: (Step.REMOVE, Step.FORGET),
    OperationKind.MOVE: (Step.PLACE, Step.FREEZE, Step.COPY, Step.VERIFY, Step.SWITCH, Step.ACTIVATE, Step.REMOVE),
    OperationKind.EXPORT: (Step.TRANSFER,),
    OperationKind.IMPORT: (Step.TRANSFER, Step.ACTIVATE),
}

DEADLINE_SECONDS: Mapping[Step, int] = {
    Step.PLACE: 600,
    Step.PROVISION: 60,
    Step.APPLY: 60,
    Step.FREEZE: 60,
    Step.COPY: 3600,
    Step.VERIFY: 600,
    Step.SWITCH: 30,
    Step.ACTIVATE: 60,
    Step.REMOVE: 600,
    Step.FORGET: 60,
    Step.TRANSFER: 3600,
}
"""A step that takes longer is shown as stuck; nothing else happens to it."""

FIRST_DELAY_SECONDS = 2
LONGEST_DELAY_SECONDS = 600


def may_move(current: TenantState, wanted: TenantState) -> bool:
    return wanted in NEXT[current]


def may_sign_in(state: TenantState) -> bool:
    """A suspended tenant may still be read."""
    return state in (TenantState.ACTIVE, TenantState.SUSPENDED)


def standing_of(state: TenantState) -> Standing:
    """What the tenant's plane is told, unless the tenant is being moved."""
    return Standing.SUSPENDED if state in (TenantState.SUSPENDED, TenantState.DELETING) else Standing.ACTIVE


def cell_of(tenant_id: str, where: Where) -> str:
    """The name of the deployment that serves it: a dedicated one is named after its tenant."""
    return tenant_id if where is Where.DEDICATED else "shared"


def is_before_switch(steps: Mapping[str, str]) -> bool:
    """Step names and states of a move: until the switch the source is the truth, from then on the destination."""
    return steps[Step.SWITCH] != StepState.SUCCEEDED


def may_cancel(kind: OperationKind, steps: Mapping[str, str]) -> bool:
    """A move up to its switch; a create is rolled back by deleting the tenant, and the others take a moment."""
    return kind is OperationKind.MOVE and is_before_switch(steps)


def delay_seconds(failures: int) -> int:
    """2, 4, 8 … up to ten minutes."""
    return int(min(FIRST_DELAY_SECONDS * 2 ** min(failures - 1, 20), LONGEST_DELAY_SECONDS))
