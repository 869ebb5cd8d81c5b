from itertools import product

import pytest

from control_plane.tenants.rules import TenantState, may_move

MOVES = {
    ("requested", "provisioning"),
    ("requested", "deleting"),
    ("provisioning", "active"),
    ("provisioning", "deleting"),
    ("active", "suspended"),
    ("active", "deleting"),
    ("suspended", "active"),
    ("suspended", "deleting"),
    ("deleting", "gone"),
}


@pytest.mark.parametrize(("current", "wanted"), list(product(TenantState, TenantState)))
def test_the_life_of_a_tenant(current: TenantState, wanted: TenantState) -> None:
    assert may_move(current, wanted) == ((current.value, wanted.value) in MOVES)
