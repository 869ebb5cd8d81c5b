"""Who may do what in a tenant. The table is a snapshot in tests/contracts/permissions.txt, reviewed as a diff."""

from collections.abc import Mapping
from enum import StrEnum


class Permission(StrEnum):
    ALERTS_INGEST = "alerts:ingest"
    ALERTS_READ = "alerts:read"
    API_KEYS_MANAGE = "api_keys:manage"
    API_KEYS_READ = "api_keys:read"
    AUDIT_READ = "audit:read"
    DEAD_LETTERS_MANAGE = "dead_letters:manage"
    DEAD_LETTERS_READ = "dead_letters:read"
    IMPERSONATIONS_MANAGE = "impersonations:manage"
    IMPERSONATIONS_READ = "impersonations:read"
    INCIDENTS_READ = "incidents:read"
    INCIDENTS_WRITE = "incidents:write"
    PERMISSIONS_READ = "permissions:read"
    USAGE_READ = "usage:read"


VIEWER = frozenset(
    {Permission.ALERTS_READ, Permission.INCIDENTS_READ, Permission.PERMISSIONS_READ, Permission.USAGE_READ}
)
OPERATOR = VIEWER | {
    Permission.ALERTS_INGEST,
    Permission.DEAD_LETTERS_MANAGE,
    Permission.DEAD_LETTERS_READ,  # a body that nobody could read may hold the sender's credentials
    Permission.INCIDENTS_WRITE,
}
_OVERSIGHT = {Permission.API_KEYS_READ, Permission.AUDIT_READ, Permission.IMPERSONATIONS_READ}
ADMIN = OPERATOR | _OVERSIGHT | {Permission.API_KEYS_MANAGE}
LOOKING_AROUND = VIEWER | _OVERSIGHT
"""A super-admin who acts in a tenant and may change nothing."""
OUTLIVING = frozenset({Permission.API_KEYS_MANAGE})
"""What a super-admin who acts in a tenant may never do: a key made there would open it after the end of the stay."""

ROLES: Mapping[str, frozenset[Permission]] = {
    "ingestion": frozenset({Permission.ALERTS_INGEST, Permission.PERMISSIONS_READ}),
    "viewer": VIEWER,
    "operator": OPERATOR,
    "admin": ADMIN,
    "system": frozenset(Permission),
}
LEVELS: Mapping[str, int] = {"ingestion": 0, "viewer": 1, "operator": 2, "admin": 3}
