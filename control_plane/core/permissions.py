"""Who may do what in the control plane. A super-admin rules here; a tenant's roles count in its plane."""

from collections.abc import Mapping
from enum import StrEnum


class Permission(StrEnum):
    ACCOUNT_MANAGE = "account:manage"
    AUDIT_READ = "audit:read"
    BILLING_CREDIT = "billing:credit"
    BILLING_MANAGE = "billing:manage"
    BILLING_READ = "billing:read"
    IMPERSONATIONS_MANAGE = "impersonations:manage"
    LIMITS_MANAGE = "limits:manage"
    MEMBERS_MANAGE = "members:manage"
    MEMBERS_PROVISION = "members:provision"
    PLACEMENTS_MANAGE = "placements:manage"
    PLACEMENTS_READ = "placements:read"
    PLANS_MANAGE = "plans:manage"
    PLANS_READ = "plans:read"
    PROFILE_READ = "profile:read"
    SIGNING_KEYS_MANAGE = "signing_keys:manage"
    SSO_MANAGE = "sso:manage"
    TENANTS_MANAGE = "tenants:manage"
    TENANTS_READ = "tenants:read"
    USAGE_READ = "usage:read"
    USERS_MANAGE = "users:manage"


SUPER_ADMIN = "super_admin"
ENROLMENT = frozenset({Permission.ACCOUNT_MANAGE, Permission.PROFILE_READ})
"""What a super-admin has who signed in without a second factor."""
SIGNED_IN = frozenset({Permission.ACCOUNT_MANAGE, Permission.PLANS_READ, Permission.PROFILE_READ})

ROLES: Mapping[str, frozenset[Permission]] = {
    "viewer": SIGNED_IN,
    "operator": SIGNED_IN,
    "admin": SIGNED_IN
    | {
        Permission.AUDIT_READ,
        Permission.BILLING_MANAGE,
        Permission.BILLING_READ,
        Permission.MEMBERS_MANAGE,
        Permission.SSO_MANAGE,
        Permission.USAGE_READ,
    },
    SUPER_ADMIN: frozenset(Permission),
    "system": frozenset(Permission),
}
"""``system`` is the control plane itself and its command line (``core/system.py``); no token ever carries it."""
