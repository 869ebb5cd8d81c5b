"""Who may do what in the control plane. A super-admin rules here; a tenant's roles count in its plane."""

from collections.abc import Mapping
from enum import StrEnum


class Permission(StrEnum):
    PLANS_READ = "plans:read"
    PROFILE_READ = "profile:read"
    TENANTS_MANAGE = "tenants:manage"
    TENANTS_READ = "tenants:read"
    USERS_MANAGE = "users:manage"


SUPER_ADMIN = "super_admin"
SIGNED_IN = frozenset({Permission.PLANS_READ, Permission.PROFILE_READ})

ROLES: Mapping[str, frozenset[Permission]] = {
    "viewer": SIGNED_IN,
    "operator": SIGNED_IN,
    "admin": SIGNED_IN,
    SUPER_ADMIN: frozenset(Permission),
    "system": frozenset(Permission),
}
"""``system`` is the control plane itself and its command line (``core/system.py``); no token ever carries it."""
