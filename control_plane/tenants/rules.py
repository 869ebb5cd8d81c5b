"""The life of a tenant. ``gone`` keeps the slug, so that no later customer is ever taken for an earlier one."""

from collections.abc import Mapping
from enum import StrEnum


class TenantState(StrEnum):
    REQUESTED = "requested"
    PROVISIONING = "provisioning"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    DELETING = "deleting"
    GONE = "gone"


NEXT: Mapping[TenantState, frozenset[TenantState]] = {
    TenantState.REQUESTED: frozenset({TenantState.PROVISIONING, TenantState.DELETING}),
    TenantState.PROVISIONING: frozenset({TenantState.ACTIVE, TenantState.DELETING}),
    TenantState.ACTIVE: frozenset({TenantState.SUSPENDED, TenantState.DELETING}),
    TenantState.SUSPENDED: frozenset({TenantState.ACTIVE, TenantState.DELETING}),
    TenantState.DELETING: frozenset({TenantState.GONE}),
    TenantState.GONE: frozenset(),
}


def may_move(current: TenantState, wanted: TenantState) -> bool:
    return wanted in NEXT[current]
