from itertools import product

import pytest

from control_plane.app import OPERATIONS
from control_plane.tenants.rules import (
    DEADLINE_SECONDS,
    RESERVED_IDS,
    STEPS,
    OperationKind,
    Step,
    TenantState,
    delay_seconds,
    may_cancel,
    may_move,
    may_sign_in,
    standing_of,
)

MOVES = {
    ("requested", "provisioning"),
    ("requested", "deleting"),
    ("provisioning", "active"),
    ("provisioning", "deleting"),
    ("active", "suspended"),
    ("active", "deleting"),
    ("suspended", "active"),
    ("suspended", "deleting"),
    ("deleting", "requested"),
    ("deleting", "provisioning"),
    ("deleting", "active"),
    ("deleting", "suspended"),
    ("deleting", "gone"),
}


@pytest.mark.parametrize(("current", "wanted"), list(product(TenantState, TenantState)))
def test_the_life_of_a_tenant(current: TenantState, wanted: TenantState) -> None:
    assert may_move(current, wanted) == ((current.value, wanted.value) in MOVES)


def test_what_a_plane_is_told_in_each_state() -> None:
    assert {str(state): str(standing_of(state)) for state in TenantState if state is not TenantState.GONE} == {
        "requested": "active",
        "provisioning": "active",
        "active": "active",
        "suspended": "suspended",
        "deleting": "suspended",
    }
    assert {state for state in TenantState if may_sign_in(state)} == {TenantState.ACTIVE, TenantState.SUSPENDED}


def test_delays_grow_to_ten_minutes() -> None:
    assert [delay_seconds(failures) for failures in (1, 2, 3, 8, 9, 10, 1000)] == [2, 4, 8, 256, 512, 600, 600]


def test_every_operation_has_steps_and_every_step_a_deadline() -> None:
    assert set(STEPS) == set(OperationKind)
    assert {step for steps in STEPS.values() for step in steps} == set(Step) == set(DEADLINE_SECONDS)


def test_only_a_move_before_its_switch_can_be_cancelled() -> None:
    before, after = {"switch": "pending"}, {"switch": "succeeded"}
    assert {kind for kind in OperationKind if may_cancel(kind, before)} == {OperationKind.MOVE}
    assert not may_cancel(OperationKind.MOVE, after)


def test_no_tenant_is_named_like_a_path() -> None:
    """A tenant called like the word behind /api/tenants could not be reached."""
    parts = [operation.path.split("/") for operation in OPERATIONS]
    words = {p[3] for p in parts if p[:3] == ["", "api", "tenants"] and len(p) > 3 and "{" not in p[3]}
    assert words <= RESERVED_IDS
